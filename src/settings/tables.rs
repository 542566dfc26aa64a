//! The section `tables` of the config file: what becomes of single tables and columns.
//!
//! Keys are table names, `schema.table`, and no patterns. Everything that can be wrong without asking a server is an
//! error here, with file and line; tables, columns and alternatives that the source does not have are found by `plan`.

use super::file::{TablesSection, at};
use super::planning::{policies, word};
use super::yaml::{Entry, Node, Parsed, Value};
use crate::error::Result;
use crate::model::names::TableName;
use crate::model::plan::{ColumnChoice, TableChoice};
use crate::model::policy::{Mask, Policies};
use crate::model::{names, predicate};
use std::collections::BTreeMap;

/// The choices by table, as its name is shown. `base` are the run's policies, which a table's and a column's amend.
///
/// # Errors
/// Kind Config, with file and line and what is accepted.
pub(super) fn choices(section: &TablesSection, base: Policies) -> Result<BTreeMap<String, TableChoice>> {
    tables(&section.node, base).map_err(|complaint| at(&section.path, complaint))
}

fn tables(node: &Node, base: Policies) -> Parsed<BTreeMap<String, TableChoice>> {
    let mut choices = BTreeMap::new();
    for entry in mapping(node, "`tables` takes table names, each with its choices")? {
        let name: TableName = entry.key.parse().map_err(|error| (entry.line, format!("tables: {error}")))?;
        let choice = table(&name, entry, base)?;
        if choices.insert(name.to_string(), choice).is_some() {
            return Err((entry.line, format!("tables: `{name}` is given twice")));
        }
    }
    Ok(choices)
}

fn table(name: &TableName, entry: &Entry, base: Policies) -> Parsed<TableChoice> {
    let place = format!("tables: {name}");
    let mut choice = TableChoice::default();
    let accepted = "accepted are target, where, exclude, policy and columns";
    let entries = choices_of(&entry.value, &place, accepted)?;
    // First the policies: those of the columns amend them.
    if let Some(policy) = entries.iter().find(|entry| entry.key == "policy") {
        choice.policies = Some(policies_of(policy, &place, base)?);
    }
    for entry in entries {
        let wrong = |why: String| (entry.line, format!("{place}: {}: {why}", entry.key));
        match entry.key.as_str() {
            "target" => {
                let text = text(entry, &place)?;
                names::parse_target(&text).map_err(wrong)?;
                choice.target = Some(text);
            }
            "where" => {
                let text = text(entry, &place)?;
                predicate::check(&text).map_err(wrong)?;
                choice.filter = Some(text.trim().to_owned());
            }
            "exclude" => choice.exclude = texts(entry, &place)?,
            "policy" => {}
            "columns" => {
                let base = choice.policies.unwrap_or(base);
                let takes = format!("{place}: columns takes column names, each with its choices");
                for column_entry in mapping(&entry.value, &takes)? {
                    let place = format!("{place}: columns: {}", column_entry.key);
                    let column = column(column_entry, &place, base)?;
                    choice.columns.insert(column_entry.key.clone(), column);
                }
            }
            _ => return Err((entry.line, format!("{place}: unknown key `{}`; {accepted}", entry.key))),
        }
    }
    Ok(choice)
}

fn column(entry: &Entry, place: &str, base: Policies) -> Parsed<ColumnChoice> {
    let mut choice = ColumnChoice::default();
    let accepted = "accepted are name, map, mask and policy";
    for entry in choices_of(&entry.value, place, accepted)? {
        match entry.key.as_str() {
            "name" => {
                let text = text(entry, place)?;
                names::check(&text).map_err(|why| (entry.line, format!("{place}: name: {why}")))?;
                choice.target = Some(text);
            }
            "map" => choice.map = Some(word(&text(entry, place)?)),
            "mask" => choice.mask = Some(mask(entry, place)?),
            "policy" => choice.policies = Some(policies_of(entry, place, base)?),
            _ => return Err((entry.line, format!("{place}: unknown key `{}`; {accepted}", entry.key))),
        }
    }
    Ok(choice)
}

/// `null` is a mask here, and nothing else is taken for it: a mask that is not said must not be none.
fn mask(entry: &Entry, place: &str) -> Parsed<Mask> {
    let wrong = |line| (line, format!("{place}: mask: accepted are null, hash and {{fixed: TEXT}}"));
    match &entry.value.value {
        Value::Scalar { text, .. } => match word(text).as_str() {
            "null" => Ok(Mask::Null),
            "hash" => Ok(Mask::Hash),
            _ => Err(wrong(entry.line)),
        },
        Value::Mapping(entries) => match entries.as_slice() {
            [Entry { key, value, line }] if key == "fixed" => match &value.value {
                Value::Scalar { text, .. } if !value.is_null() => Ok(Mask::Fixed(text.clone())),
                _ => Err(wrong(*line)),
            },
            _ => Err(wrong(entry.line)),
        },
        Value::List(_) => Err(wrong(entry.line)),
    }
}

fn policies_of(entry: &Entry, place: &str, base: Policies) -> Parsed<Policies> {
    policies(base, &texts(entry, place)?)
        .map_err(|wrong| (entry.line, format!("{place}: policy: {}", wrong.join("; "))))
}

fn mapping<'n>(node: &'n Node, takes: &str) -> Parsed<&'n [Entry]> {
    match &node.value {
        Value::Mapping(entries) => Ok(entries),
        _ => Err((node.line, takes.to_owned())),
    }
}

/// The choices of one table or column; a name with nothing behind it has none.
fn choices_of<'n>(node: &'n Node, place: &str, accepted: &str) -> Parsed<&'n [Entry]> {
    if node.is_null() { Ok(&[]) } else { mapping(node, &format!("{place}: {accepted}")) }
}

fn text(entry: &Entry, place: &str) -> Parsed<String> {
    let wrong = || (entry.line, format!("{place}: {}: a plain value is needed", entry.key));
    entry.value.text().filter(|text| !text.trim().is_empty()).map(str::to_owned).ok_or_else(wrong)
}

/// One plain value or a list of them.
fn texts(entry: &Entry, place: &str) -> Parsed<Vec<String>> {
    let wrong = || (entry.line, format!("{place}: {}: a plain value or a list of them is needed", entry.key));
    let nodes = match &entry.value.value {
        Value::List(nodes) => nodes.as_slice(),
        _ => std::slice::from_ref(&entry.value),
    };
    nodes.iter().map(|node| node.text().map(str::to_owned).ok_or_else(wrong)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::policy::{FractionPolicy, NulPolicy};
    use crate::settings::yaml;

    fn read(text: &str) -> Parsed<BTreeMap<String, TableChoice>> {
        tables(&yaml::read(text).unwrap().unwrap(), Policies::default())
    }

    #[test]
    fn a_section_is_read_whole() {
        let text = "
dbo.Orders:
  target: sales.orders
  where: \"OrderDate >= '2020-01-01'\"
  exclude: [InternalNote]
  policy: [nul=strip]
  columns:
    Email: {mask: hash}
    Photo: {map: TEXT, name: photo_text, policy: [fraction=round]}
    Phone: {mask: {fixed: 'n/a'}}
    Fax: {mask: null}
'[my schema].[a.b]':
";
        let choices = read(text).unwrap();
        assert_eq!(choices.keys().collect::<Vec<_>>(), ["dbo.Orders", "my schema.[a.b]"]);
        let orders = &choices["dbo.Orders"];
        assert_eq!(orders.target.as_deref(), Some("sales.orders"));
        assert_eq!(orders.filter.as_deref(), Some("OrderDate >= '2020-01-01'"));
        assert_eq!(orders.exclude, ["InternalNote"]);
        assert_eq!(orders.policies.unwrap().nul, NulPolicy::Strip);
        assert_eq!(orders.columns["Email"].mask, Some(Mask::Hash));
        assert_eq!(orders.columns["Phone"].mask, Some(Mask::Fixed("n/a".to_owned())));
        assert_eq!(orders.columns["Fax"].mask, Some(Mask::Null));
        let photo = &orders.columns["Photo"];
        assert_eq!((photo.map.as_deref(), photo.target.as_deref()), (Some("text"), Some("photo_text")));
        let policies = photo.policies.unwrap();
        assert_eq!((policies.nul, policies.fraction), (NulPolicy::Strip, FractionPolicy::Round));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_what_is_accepted() {
        for (text, line, message) in [
            ("- a", 1, "`tables` takes table names"),
            ("Orders: {}", 1, "is not a table name"),
            ("dbo.T:\n  wher: x = 1", 2, "tables: dbo.T: unknown key `wher`; accepted are target, where"),
            ("dbo.T:\n  where: '1=1; DROP TABLE x'", 2, "where: holds a semicolon"),
            ("dbo.T:\n  where:", 2, "a plain value is needed"),
            ("dbo.T:\n  target: a.b.c", 2, "target:"),
            ("dbo.T:\n  exclude: {a: b}", 2, "a plain value or a list"),
            ("dbo.T:\n  policy: nul=drop", 2, "nul=error, nul=replace and nul=strip"),
            (
                "dbo.T:\n  columns:\n    A:\n      msk: hash",
                4,
                "columns: A: unknown key `msk`; accepted are name, map, mask and policy",
            ),
            ("dbo.T:\n  columns:\n    A: {mask: sha}", 3, "accepted are null, hash and {fixed: TEXT}"),
            ("dbo.T:\n  columns:\n    A: {mask: }", 3, "accepted are null, hash"),
            ("dbo.T:\n  columns:\n    A: {mask: ~}", 3, "accepted are null, hash"),
            ("dbo.T:\n  columns:\n    A: {mask: {fixed: }}", 3, "accepted are null, hash"),
            ("dbo.T:\n  columns: [A]", 2, "columns takes column names"),
            ("dbo.T: x", 1, "accepted are target, where"),
            ("dbo.T: {}\n'[dbo].[T]': {}", 2, "given twice"),
        ] {
            let (found, said) = read(text).unwrap_err();
            assert!(said.contains(message), "{text:?}: {said}");
            assert_eq!(found, line, "{text:?}: {said}");
        }
    }
}
