//! Keys that compare otherwise in the target, for the assessment: texts with trailing blanks, and foreign keys whose
//! values are equal to those they refer to for SQL Server alone.
//!
//! One count a key, many counts a statement, and no more bytes of tables than [`KEY_BYTES`] a key and [`ALL_BYTES`] in
//! all: what is not asked is said. Some values of the keys that differ are read as examples.

use super::counted::{self, Answer, Question};
use super::{UniqueKey, form, unique_keys};
use crate::error::Result;
use crate::model::base_type::BaseType;
use crate::model::bound::Literal;
use crate::model::counts::size;
use crate::model::names::{ColumnName, TableName};
use crate::model::objects::{ObjectKind, SourceObjects};
use crate::model::plan::{Plan, PlannedColumn, PlannedTable};
use crate::model::table::ForeignKey;
use crate::sqlserver::client::Client;
use crate::sqlserver::select::where_all;
use std::collections::BTreeMap;

/// Bytes of the tables that are read for one key, by the source's own estimate.
const KEY_BYTES: u64 = 4 << 30;
/// The same for all keys together.
const ALL_BYTES: u64 = 40 << 30;
/// Keys of which examples are read.
const EXAMPLES: usize = 20;
/// Characters of an example.
const EXAMPLE_LENGTH: usize = 60;

/// What was found out about one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedKey {
    pub table: TableName,
    pub kind: ObjectKind,
    /// In the source; of a primary key, "primary key".
    pub name: String,
    pub fact: KeyFact,
}

/// See [`ComparedKey`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyFact {
    /// Its texts are compared with their trailing blanks in the target; no value has any.
    NoBlanks,
    /// A policy cuts the trailing blanks of its texts off.
    Trimmed,
    /// Of a unique key: so many rows have a value that ends in a blank.
    Blanks { rows: i64, examples: Vec<String> },
    /// Of a foreign key.
    Unequal(Unequal),
    /// Of a unique key: a sql_variant that becomes a text, on request.
    VariantAsText,
    /// Of a unique key: by which policies two values may become equal, which the source cannot count.
    MayCollide(&'static str),
    /// Why nobody knows, and the T-SQL that tells.
    Unasked { why: String, sql: String },
}

/// Rows whose value is another one than that which they refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unequal {
    pub rows: i64,
    /// Those that differ in trailing blanks alone.
    pub by_blanks: i64,
    pub examples: Vec<String>,
    /// In what the others differ.
    pub otherwise: &'static str,
}

/// A key to be asked about.
struct Asked<'p> {
    table: &'p PlannedTable,
    kind: ObjectKind,
    name: String,
    question: Question,
    /// What to select of which rows as examples; None: its values are masked.
    examples: Option<String>,
    /// The target sees trailing blanks in it.
    has_blanks: bool,
    /// Of a foreign key.
    otherwise: Option<&'static str>,
}

/// Asks about every unique key and every foreign key of the plan in which it matters.
///
/// # Errors
/// `SourceUnavailable` if the connection breaks.
pub async fn compared(client: &mut Client, plan: &Plan, objects: &SourceObjects) -> Result<Vec<ComparedKey>> {
    let (mut found, mut asked) = (Vec::new(), Vec::new());
    for key in unique_keys(plan, &objects.indexes, |_| true) {
        of_unique(&key, &mut found, &mut asked);
    }
    let tables: BTreeMap<&TableName, &PlannedTable> =
        plan.tables.iter().map(|table| (&table.source, table)).collect();
    for key in &objects.foreign_keys {
        of_foreign(&tables, key, &mut found, &mut asked);
    }
    let asked = affordable(asked, &mut found);
    let questions: Vec<Question> = asked.iter().map(|key| key.question.clone()).collect();
    let answers = counted::ask(client, &questions).await?;
    let mut shown = 0;
    for (key, answer) in asked.iter().zip(answers) {
        let Some(mut fact) = key.fact(answer) else { continue };
        if let (KeyFact::Blanks { examples, .. } | KeyFact::Unequal(Unequal { examples, .. }), Some(sql)) =
            (&mut fact, &key.examples)
            && shown < EXAMPLES
        {
            shown += 1;
            *examples = read(client, sql).await?;
        }
        found.push(key.finding(fact));
    }
    Ok(found)
}

/// Those for which no more is read than is allowed; of the others it is said.
fn affordable<'p>(mut asked: Vec<Asked<'p>>, found: &mut Vec<ComparedKey>) -> Vec<Asked<'p>> {
    let mut left = ALL_BYTES;
    asked.retain(|key| {
        let bytes = key.question.bytes;
        let fits = bytes <= KEY_BYTES && bytes <= left;
        if fits {
            left -= bytes;
        } else {
            let why = format!("its tables have {}", size(bytes));
            found.push(key.finding(KeyFact::Unasked { why, sql: key.sql() }));
        }
        fits
    });
    asked
}

impl Asked<'_> {
    fn finding(&self, fact: KeyFact) -> ComparedKey {
        ComparedKey {
            table: self.table.source.clone(),
            kind: self.kind.clone(),
            name: self.name.clone(),
            fact,
        }
    }

    /// For a user who asks by hand.
    fn sql(&self) -> String {
        format!("SELECT {}", self.question.sql)
    }

    /// None: there is nothing to say.
    fn fact(&self, answer: Answer) -> Option<KeyFact> {
        Some(match (answer, self.otherwise) {
            (Err(number), _) => {
                KeyFact::Unasked { why: format!("the source answers with error {number}"), sql: self.sql() }
            }
            (Ok((0, _)), _) if !self.has_blanks => return None,
            (Ok((0, _)), _) => KeyFact::NoBlanks,
            (Ok((rows, _)), None) => KeyFact::Blanks { rows, examples: Vec::new() },
            (Ok((rows, by_blanks)), Some(otherwise)) => {
                KeyFact::Unequal(Unequal { rows, by_blanks, examples: Vec::new(), otherwise })
            }
        })
    }
}

fn of_unique<'p>(key: &UniqueKey<'p>, found: &mut Vec<ComparedKey>, asked: &mut Vec<Asked<'p>>) {
    let (table, kind, name) = (key.table, key.kind.clone(), key.name.to_owned());
    let mut say = |fact| {
        found.push(ComparedKey { table: table.source.clone(), kind: kind.clone(), name: name.clone(), fact });
    };
    let as_text = |column: &&PlannedColumn| {
        column.source_type.name == BaseType::SqlVariant
            && column.target_type == "text"
            && column.mask.is_none()
    };
    if key.columns.iter().any(as_text) {
        say(KeyFact::VariantAsText);
        return;
    }
    let policies = key.columns.iter().filter_map(|column| form::uncounted(column));
    if let Some(policy) = policies.min() {
        say(KeyFact::MayCollide(policy));
    }
    let texts: Vec<&PlannedColumn> =
        key.columns.iter().copied().filter(|column| form::keeps_blanks(column)).collect();
    if texts.is_empty() {
        if key.columns.iter().any(|column| form::is_trimmed_by_policy(column)) {
            say(KeyFact::Trimmed);
        }
        return;
    }
    let ends: Vec<String> = texts.iter().map(|column| ends_in_blank(&column.source.source_sql())).collect();
    let (ends, source) = (ends.join(" OR "), table.source.source_sql());
    let rows = where_all([table.filter.as_deref(), key.filter, Some(&ends)]);
    let shown = key.columns.iter().all(|column| column.mask.is_none()).then(|| {
        let list: Vec<String> = texts.iter().map(|column| shown(&column.source.source_sql())).collect();
        format!("SELECT TOP (3) {} FROM {source}{rows}", list.join(", "))
    });
    let sql = format!("COUNT_BIG(*), CAST(0 AS bigint) FROM {source}{rows}");
    let question = Question { sql, bytes: table.bytes };
    asked.push(Asked { table, kind, name, question, examples: shown, has_blanks: true, otherwise: None });
}

fn ends_in_blank(sql: &str) -> String {
    format!("DATALENGTH({sql}) <> DATALENGTH(RTRIM({sql}))")
}

fn shown(sql: &str) -> String {
    format!("CAST({sql} AS nvarchar(4000))")
}

/// A column of a foreign key, and the one it refers to.
type Pair<'p> = (&'p PlannedColumn, &'p PlannedColumn);

/// A foreign key between tables of the plan that will be validated.
struct Referring<'p> {
    table: &'p PlannedTable,
    parent: &'p PlannedTable,
    pairs: Vec<Pair<'p>>,
    /// Those of which two values may be equal for the source alone.
    differing: Vec<Pair<'p>>,
}

impl<'p> Referring<'p> {
    fn new(tables: &BTreeMap<&TableName, &'p PlannedTable>, key: &ForeignKey) -> Option<Self> {
        let (table, parent) = (*tables.get(&key.table)?, *tables.get(&key.referenced)?);
        if key.disabled || key.not_trusted || parent.filter.is_some() {
            return None;
        }
        let column = |table: &'p PlannedTable, name: &ColumnName| {
            table.columns.iter().find(|column| column.source == *name)
        };
        let pairs: Option<Vec<Pair<'_>>> = key
            .columns
            .iter()
            .zip(&key.referenced_columns)
            .map(|(own, theirs)| Some((column(table, own)?, column(parent, theirs)?)))
            .collect();
        let pairs = pairs?;
        let may_differ = |(own, theirs): &Pair<'_>| {
            form::may_differ(own) || own.policies.fraction != theirs.policies.fraction
        };
        let differing = pairs.iter().copied().filter(may_differ).collect();
        Some(Self { table, parent, pairs, differing })
    }

    /// No two values can differ: the collation of the target is the source's but for blanks, and there are none.
    fn is_trimmed(&self) -> bool {
        self.differing.iter().all(|(own, theirs)| {
            own.collation.is_some() && !form::keeps_blanks(own) && !form::keeps_blanks(theirs)
        })
    }

    /// Both sides of each pair that may differ, as the target compares them.
    fn compared(&self, operator: &str, trimmed: bool) -> Vec<String> {
        let side = |column: &PlannedColumn, alias: &str| {
            form::in_target(column, &format!("{alias}.{}", column.source.source_sql()), trimmed)
        };
        let compare =
            |(own, theirs): &Pair<'_>| format!("{} {operator} {}", side(own, "c"), side(theirs, "p"));
        self.differing.iter().map(compare).collect()
    }

    /// ` FROM … WHERE …`: rows with the row that they refer to, if the target does not find it.
    fn unequal(&self) -> String {
        let joined: Vec<String> = self
            .pairs
            .iter()
            .map(|(own, theirs)| format!("c.{} = p.{}", own.source.source_sql(), theirs.source.source_sql()))
            .collect();
        format!(
            " FROM {} AS c JOIN {} AS p ON {} WHERE {}",
            side(self.table, self.pairs.iter().map(|(own, _)| *own)),
            side(self.parent, self.pairs.iter().map(|(_, theirs)| *theirs)),
            joined.join(" AND "),
            self.compared("<>", false).join(" OR ")
        )
    }

    fn examples(&self) -> Option<String> {
        let is_shown = |(own, theirs): &&Pair<'_>| {
            own.source_type.name.is_text() && own.mask.is_none() && theirs.mask.is_none()
        };
        let (own, theirs) = self.differing.iter().find(is_shown)?;
        let (own, theirs) = (own.source.source_sql(), theirs.source.source_sql());
        let list = [shown(&format!("c.{own}")), shown(&format!("p.{theirs}"))].join(", ");
        Some(format!("SELECT TOP (3) {list}{}", self.unequal()))
    }
}

fn of_foreign<'p>(
    tables: &BTreeMap<&TableName, &'p PlannedTable>,
    key: &ForeignKey,
    found: &mut Vec<ComparedKey>,
    asked: &mut Vec<Asked<'p>>,
) {
    let Some(referring) = Referring::new(tables, key).filter(|referring| !referring.differing.is_empty())
    else {
        return;
    };
    let (table, parent) = (referring.table, referring.parent);
    if referring.is_trimmed() {
        let (table, kind, name) = (table.source.clone(), ObjectKind::ForeignKey, key.name.clone());
        found.push(ComparedKey { table, kind, name, fact: KeyFact::Trimmed });
        return;
    }
    let same = referring.compared("=", true).join(" AND ");
    let sql = format!("COUNT_BIG(*), COUNT_BIG(CASE WHEN {same} THEN 1 END){}", referring.unequal());
    let of_parent = if table.source == parent.source { 0 } else { parent.bytes };
    asked.push(Asked {
        table,
        kind: ObjectKind::ForeignKey,
        name: key.name.clone(),
        question: Question { sql, bytes: table.bytes.saturating_add(of_parent) },
        examples: referring.examples(),
        has_blanks: referring
            .differing
            .iter()
            .any(|(own, theirs)| form::keeps_blanks(own) || form::keeps_blanks(theirs)),
        otherwise: Some(otherwise(&referring.differing)),
    });
}

/// The columns of a table's key, of the rows that are copied.
fn side<'p>(table: &PlannedTable, columns: impl Iterator<Item = &'p PlannedColumn>) -> String {
    let Some(filter) = &table.filter else { return table.source.source_sql() };
    let list: Vec<String> = columns.map(|column| column.source.source_sql()).collect();
    let rows = where_all([Some(filter.as_str())]);
    format!("(SELECT {} FROM {}{rows})", list.join(", "), table.source.source_sql())
}

fn otherwise(pairs: &[Pair<'_>]) -> &'static str {
    let has = |wanted: fn(&BaseType) -> bool| pairs.iter().any(|(own, _)| wanted(&own.source_type.name));
    if has(BaseType::is_text) {
        "case, accents or what else its collation ignores"
    } else if has(|ty| matches!(ty, BaseType::Binary | BaseType::VarBinary)) {
        "trailing zero bytes"
    } else if has(|ty| *ty == BaseType::SqlVariant) {
        "the base type of the variant"
    } else {
        "the offset or the seventh digit of a second"
    }
}

/// Up to three rows of values, as literals.
async fn read(client: &mut Client, sql: &str) -> Result<Vec<String>> {
    let rows = match client.try_rows(sql).await? {
        Ok(rows) => rows,
        Err(token) => {
            tracing::info!(error = token.code(), "the source does not show examples of keys");
            return Ok(Vec::new());
        }
    };
    let literals = |row: &tiberius::Row| {
        let values = (0..row.len()).map(|place| row.try_get::<&str, _>(place).ok().flatten());
        let literal = |value: &str| {
            let kept: String = value.chars().take(EXAMPLE_LENGTH).collect();
            let more = if kept.len() < value.len() { "…" } else { "" };
            format!("{}{more}", Literal::unicode(&kept).as_str())
        };
        values.map(|value| value.map_or_else(|| "NULL".to_owned(), literal)).collect::<Vec<_>>()
    };
    Ok(rows.iter().map(|row| literals(row).join(" and ")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::table::ReferentialAction;
    use serde_json::json;

    fn table(name: &str, bytes: u64) -> PlannedTable {
        let ty = json!({"name": "varchar", "max_length": 10, "precision": 0, "scale": 0, "collation": "Latin1_General_BIN2"});
        let column = json!({"source": "K", "target": "k", "source_type": ty, "target_type": "varchar(10)", "nullable": false});
        let dbo = TableName::new("dbo", name);
        serde_json::from_value(json!({
            "index": 1, "source": dbo, "target": dbo, "columns": [column],
            "primary_key": ["K"], "rows": 1, "bytes": bytes, "column_fingerprint": "",
        }))
        .unwrap()
    }

    fn key() -> ForeignKey {
        ForeignKey {
            table: "dbo.B".parse().unwrap(),
            name: "FK".to_owned(),
            columns: vec![ColumnName::new("K")],
            referenced: "dbo.A".parse().unwrap(),
            referenced_columns: vec![ColumnName::new("K")],
            on_delete: ReferentialAction::NoAction,
            on_update: ReferentialAction::NoAction,
            disabled: false,
            not_trusted: false,
        }
    }

    fn asked<'p>(a: &'p PlannedTable, b: &'p PlannedTable, key: &ForeignKey) -> Vec<Asked<'p>> {
        let tables = [(&a.source, a), (&b.source, b)].into();
        let mut asked = Vec::new();
        of_foreign(&tables, key, &mut Vec::new(), &mut asked);
        asked
    }

    #[test]
    fn rows_are_joined_as_the_source_compares_and_counted_as_the_target_does() {
        let (a, mut b) = (table("A", 1), table("B", 2));
        b.filter = Some("K > 'a' -- most".to_owned());
        let found = asked(&a, &b, &key());
        assert_eq!(
            found[0].question.sql,
            "COUNT_BIG(*), COUNT_BIG(CASE WHEN CONVERT(varbinary(8000), RTRIM(c.[K])) = CONVERT(varbinary(8000), RTRIM(p.[K])) \
             THEN 1 END) FROM (SELECT [K] FROM [dbo].[B] WHERE (K > 'a' -- most\n)) AS c JOIN [dbo].[A] AS p ON c.[K] = p.[K] \
             WHERE CONVERT(varbinary(8000), c.[K]) <> CONVERT(varbinary(8000), p.[K])"
        );
        assert_eq!(found[0].question.bytes, 3);
        // What nobody validates is not asked about.
        assert!(asked(&a, &b, &ForeignKey { not_trusted: true, ..key() }).is_empty());
        let some = PlannedTable { filter: Some("K > 'a'".to_owned()), ..a };
        assert!(asked(&some, &b, &key()).is_empty());
    }

    #[test]
    fn what_would_cost_too_much_is_said_and_not_asked() {
        let (a, b, huge) = (table("A", 1 << 30), table("B", 1 << 30), table("A", KEY_BYTES));
        let mut found = Vec::new();
        let many = (0..30).flat_map(|_| asked(&a, &b, &key())).chain(asked(&huge, &b, &key())).collect();
        assert_eq!(affordable(many, &mut found).len(), 20);
        assert_eq!(found.len(), 11);
        assert!(
            matches!(&found[10].fact, KeyFact::Unasked { why, sql } if why.contains("GB") && sql.starts_with("SELECT COUNT_BIG"))
        );
    }

    #[test]
    fn an_answer_says_what_is_known_and_an_error_that_nothing_is() {
        let (a, b) = (table("A", 1), table("B", 1));
        let key = &asked(&a, &b, &key())[0];
        assert_eq!(key.fact(Ok((0, 0))), Some(KeyFact::NoBlanks));
        let unequal = |rows, by_blanks| match key.fact(Ok((rows, by_blanks))) {
            Some(KeyFact::Unequal(unequal)) => (unequal.rows, unequal.by_blanks),
            other => panic!("{other:?}"),
        };
        assert_eq!(unequal(3, 1), (3, 1));
        assert!(
            matches!(key.fact(Err(229)), Some(KeyFact::Unasked { why, .. }) if why.ends_with("error 229"))
        );
    }
}
