//! The choices that make the plan: `--map`, `--policy`, and the words of `--name-case`, `--collations`, `--partitions`.

use super::flag_values::{patterns, schema_map, usage};
use super::mistakes::Mistakes;
use crate::cli::{CollationsChoice, NameCaseChoice, PartitionsChoice, PlanChoiceArgs};
use crate::model::names::NameCase;
use crate::model::plan::{Collations, Partitions, PlanOptions};
use crate::model::policy::{
    BlanksPolicy, FractionPolicy, InvalidPolicy, NulPolicy, OffsetPolicy, PaddingPolicy, Policies,
};
use std::collections::{BTreeMap, BTreeSet};

/// What the flags say; the section `tables` of the config file is added by the caller.
pub(super) fn options(choice: PlanChoiceArgs, mistakes: &mut Mistakes) -> PlanOptions {
    let policies = policies(Policies::default(), &choice.policy).unwrap_or_else(|wrong| {
        wrong.into_iter().for_each(|why| mistakes.add(usage("policy", why)));
        Policies::default()
    });
    PlanOptions {
        include: patterns("include", choice.include, mistakes),
        exclude: patterns("exclude", choice.exclude, mistakes),
        schema_map: schema_map(&choice.schema_map, mistakes),
        skip_unsupported: choice.skip_unsupported,
        allow_row_filters: choice.allow_row_filters,
        name_case: choice.name_case.map(|case| match case {
            NameCaseChoice::Preserve => NameCase::Preserve,
            NameCaseChoice::Lower => NameCase::Lower,
            NameCaseChoice::Snake => NameCase::Snake,
        }),
        collations: match choice.collations {
            None | Some(CollationsChoice::Database) => Collations::Database,
            Some(CollationsChoice::Icu) => Collations::Icu,
            Some(CollationsChoice::Citext) => Collations::Citext,
        },
        partitions: match choice.partitions {
            None | Some(PartitionsChoice::Plain) => Partitions::Plain,
            Some(PartitionsChoice::Declarative) => Partitions::Declarative,
        },
        comment_properties: comment_properties(&choice.comment_property, mistakes),
        maps: maps(&choice.map, mistakes),
        policies,
        replanned: BTreeMap::new(),
        tables: BTreeMap::new(),
    }
}

/// Names of extended properties, one each or several with commas.
fn comment_properties(items: &[String], mistakes: &mut Mistakes) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in items.iter().flat_map(|item| item.split(',')).map(str::trim) {
        if name.is_empty() {
            let message = "an empty name: write the name of an extended property";
            mistakes.add(usage("comment-property", message.to_owned()));
        } else if !names.iter().any(|there| there.to_lowercase() == name.to_lowercase()) {
            names.push(name.to_owned());
        }
    }
    names
}

/// `TYPE=TARGET`, each source type once.
fn maps(pairs: &[String], mistakes: &mut Mistakes) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    for pair in pairs {
        let parts = pair.split_once('=').map(|(from, to)| (word(from), word(to)));
        let Some((from, to)) = parts.filter(|(from, to)| !from.is_empty() && !to.is_empty()) else {
            let message = format!(
                "`{pair}` is not a mapping: write TYPE=TARGET, like datetimeoffset=text (docs/reference/type-mapping.md)"
            );
            mistakes.add(usage("map", message));
            continue;
        };
        let message = format!("type {from} is mapped twice");
        if map.insert(from, to.clone()).is_some_and(|earlier| earlier != to) {
            mistakes.add(usage("map", message));
        }
    }
    map
}

/// A word in the form that is compared: types and policies have no case.
pub(super) fn word(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

/// `base` with what the items `KIND=WHAT` say, each kind once.
///
/// # Errors
/// For each wrong item a text that says what is wrong and what is accepted; the caller knows the flag or the line.
pub fn policies(base: Policies, items: &[String]) -> Result<Policies, Vec<String>> {
    let (mut policies, mut seen, mut wrong) = (base, BTreeSet::new(), Vec::new());
    for item in items {
        match set(&mut policies, item) {
            Err(why) => wrong.push(why),
            Ok(kind) if seen.contains(&kind) => wrong.push(format!("{kind} is given twice")),
            Ok(kind) => drop(seen.insert(kind)),
        }
    }
    if wrong.is_empty() { Ok(policies) } else { Err(wrong) }
}

/// Takes up one item; its kind.
fn set(policies: &mut Policies, item: &str) -> Result<String, String> {
    let Some((kind, what)) = item.split_once('=').map(|(kind, what)| (word(kind), word(what))) else {
        return Err(format!("`{item}` is not a policy: write KIND=WHAT, like nul=strip"));
    };
    let unknown = |accepted: &str| format!("`{item}` is not known: accepted are {accepted}");
    match kind.as_str() {
        "nul" => {
            policies.nul = match what.as_str() {
                "error" => NulPolicy::Error,
                "replace" => NulPolicy::Replace,
                "strip" => NulPolicy::Strip,
                _ => return Err(unknown("nul=error, nul=replace and nul=strip")),
            };
        }
        "surrogate" => {
            policies.surrogate =
                invalid(&what).ok_or_else(|| unknown("surrogate=error and surrogate=replace"))?
        }
        "undefined" => {
            policies.undefined =
                invalid(&what).ok_or_else(|| unknown("undefined=error and undefined=replace"))?
        }
        "fraction" => {
            policies.fraction = match what.as_str() {
                "error" => FractionPolicy::Error,
                "truncate" => FractionPolicy::Truncate,
                "round" => FractionPolicy::Round,
                _ => return Err(unknown("fraction=error, fraction=truncate and fraction=round")),
            };
        }
        "offset" => {
            policies.offset = match what.as_str() {
                "instant" => OffsetPolicy::Instant,
                "error" => OffsetPolicy::Error,
                _ => return Err(unknown("offset=instant and offset=error")),
            };
        }
        "padding" => {
            policies.padding = match what.as_str() {
                "pad" => PaddingPolicy::Pad,
                "trim" => PaddingPolicy::Trim,
                _ => return Err(unknown("padding=pad and padding=trim")),
            };
        }
        "blanks" => {
            policies.blanks = match what.as_str() {
                "keep" => BlanksPolicy::Keep,
                "trim" => BlanksPolicy::Trim,
                "trim_keys" | "trim-keys" => BlanksPolicy::TrimKeys,
                _ => return Err(unknown("blanks=keep, blanks=trim and blanks=trim_keys")),
            };
        }
        _ => {
            return Err(format!(
                "`{item}` is of no known kind; kinds are nul, surrogate, undefined, fraction, offset, padding and blanks"
            ));
        }
    }
    Ok(kind)
}

fn invalid(what: &str) -> Option<InvalidPolicy> {
    match what {
        "error" => Some(InvalidPolicy::Error),
        "replace" => Some(InvalidPolicy::Replace),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn every_policy_is_read_and_nothing_else() {
        let all = items(&[
            "nul=strip",
            "Surrogate = Replace",
            "undefined=replace",
            "fraction=round",
            "offset=error",
            "padding=trim",
            "blanks=trim-keys",
        ]);
        assert_eq!(
            policies(Policies::default(), &all).unwrap(),
            Policies {
                nul: NulPolicy::Strip,
                surrogate: InvalidPolicy::Replace,
                undefined: InvalidPolicy::Replace,
                fraction: FractionPolicy::Round,
                offset: OffsetPolicy::Error,
                padding: PaddingPolicy::Trim,
                blanks: BlanksPolicy::TrimKeys,
            }
        );
        for (text, accepted) in [
            ("nul", "write KIND=WHAT"),
            ("nul=drop", "nul=error, nul=replace and nul=strip"),
            ("surrogate=strip", "surrogate=error and surrogate=replace"),
            ("blanks=cut", "blanks=keep, blanks=trim and blanks=trim_keys"),
            ("fraction=cut", "fraction=error, fraction=truncate"),
            ("nil=strip", "kinds are nul, surrogate"),
        ] {
            let said = policies(Policies::default(), &items(&[text])).unwrap_err();
            assert!(said[0].contains(accepted), "{text}: {said:?}");
        }
        let said =
            policies(Policies::default(), &items(&["nul=strip", "nul=error", "nul=x", "?"])).unwrap_err();
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(said[0].contains("twice"), "{said:?}");
    }

    #[test]
    fn a_policy_keeps_what_it_does_not_name() {
        let base = policies(Policies::default(), &items(&["nul=strip"])).unwrap();
        let more = policies(base, &items(&["fraction=truncate"])).unwrap();
        assert_eq!((more.nul, more.fraction), (NulPolicy::Strip, FractionPolicy::Truncate));
    }

    #[test]
    fn properties_are_named_one_by_one_or_with_commas() {
        let mut mistakes = Mistakes::default();
        let names = comment_properties(&items(&["Caption, MS_Description", "caption"]), &mut mistakes);
        assert_eq!(names, ["Caption", "MS_Description"]);
        let options = PlanOptions { comment_properties: names, ..PlanOptions::default() };
        assert_eq!(options.comment_rank("CAPTION"), Some(0));
        assert_eq!(options.comment_rank("ms_description"), Some(1));
        assert_eq!(options.comment_rank("Owner"), None);
        assert_eq!(PlanOptions::default().comment_rank("MS_Description"), Some(0));
        comment_properties(&items(&["a,"]), &mut mistakes);
        assert!(mistakes.told().unwrap_err().to_string().contains("empty name"));
    }

    #[test]
    fn a_type_is_mapped_once() {
        let mut none = Mistakes::default();
        let map = maps(&items(&["DateTimeOffset = TEXT", "vector=real[]", "vector=real[]"]), &mut none);
        none.told().unwrap();
        assert_eq!(map["datetimeoffset"], "text");
        assert_eq!(map["vector"], "real[]");
        let mut mistakes = Mistakes::default();
        maps(&items(&["text", "xml=text", "xml=bytea"]), &mut mistakes);
        let said = mistakes.told().unwrap_err().detail();
        assert!(said.contains("TYPE=TARGET") && said.contains("twice"), "{said}");
    }
}
