//! What is said of keys that compare otherwise in the target, by what the source was asked.

use super::{Finding, Name, SourceAnswers, Verdict};
use crate::model::counts::counted;
use crate::model::names::TableName;
use crate::model::objects::{ObjectKind, SourceObjects};
use crate::model::plan::Plan;
use crate::postgres::names::Names;
use crate::sqlserver::collisions::differences::{KeyFact, Unequal};
use std::collections::{BTreeMap, BTreeSet};

const TRIM: &str =
    "--policy blanks=trim_keys cuts them off in all unique and foreign keys, and counts each row";
const SIGNIFICANT: &str =
    "trailing blanks are part of the value here, and SQL Server ignores them in comparisons";

/// Findings about the keys that the target gets, under the names that the other findings have for them.
pub(super) fn add(plan: &Plan, objects: &SourceObjects, asked: &SourceAnswers, findings: &mut Vec<Finding>) {
    let keys = Keys::new(plan, objects, findings);
    let mut more = Vec::new();
    for key in &asked.compared {
        let Some(object) = keys.object(&key.table, &key.kind, &key.name) else { continue };
        let (name, verdict, reason, advice) = said(&key.fact);
        let advice = (!advice.is_empty()).then_some(advice);
        more.push(Finding { name, kind: key.kind.clone(), object, verdict, reason, advice });
    }
    for collision in &asked.collisions {
        let Some(object) = keys.object(&collision.table, &collision.kind, &collision.index) else { continue };
        let advice = "keep such a column as it is (another type, or no policy for it), or change its rows";
        more.push(Finding {
            name: Name::Collision,
            kind: collision.kind.clone(),
            object,
            verdict: Verdict::Refused,
            reason: collision.reason(),
            advice: Some(advice.to_owned()),
        });
    }
    // What is said here is said instead.
    let said: BTreeSet<(ObjectKind, String)> =
        more.iter().map(|finding| (finding.kind.clone(), finding.object.clone())).collect();
    findings.retain(|finding| {
        finding.name != Name::AsIs || !said.contains(&(finding.kind.clone(), finding.object.clone()))
    });
    findings.extend(more);
}

/// How keys are called.
struct Keys<'m> {
    targets: BTreeMap<&'m TableName, &'m TableName>,
    names: Names,
    /// Primary keys of which something was said, by table.
    primary: BTreeMap<String, String>,
    /// Those that the target does not get.
    refused: BTreeSet<(ObjectKind, String)>,
}

impl<'m> Keys<'m> {
    fn new(plan: &'m Plan, objects: &SourceObjects, findings: &[Finding]) -> Self {
        let of_kind = |finding: &&Finding| finding.kind == ObjectKind::PrimaryKey;
        let table = |object: &str| object.rsplit(" on ").next().unwrap_or(object).to_owned();
        let refused = findings.iter().filter(|finding| finding.verdict == Verdict::Refused);
        Self {
            targets: plan.tables.iter().map(|table| (&table.source, &table.target)).collect(),
            names: Names::for_plan(plan, objects),
            primary: findings
                .iter()
                .filter(of_kind)
                .map(|finding| (table(&finding.object), finding.object.clone()))
                .collect(),
            refused: refused.map(|finding| (finding.kind.clone(), finding.object.clone())).collect(),
        }
    }

    /// The object's name in the findings; None: the target does not get the key.
    fn object(&self, table: &TableName, kind: &ObjectKind, name: &str) -> Option<String> {
        let target = self.targets.get(table)?;
        let object = match kind {
            ObjectKind::PrimaryKey => {
                self.primary.get(&table.to_string()).cloned().unwrap_or_else(|| table.to_string())
            }
            ObjectKind::ForeignKey => format!("{} on {table}", self.names.constraint(target, name)),
            _ => format!("{} on {table}", self.names.index(target, name)),
        };
        let is_refused = self.refused.contains(&(kind.clone(), object.clone()));
        (!is_refused).then_some(object)
    }
}

fn said(fact: &KeyFact) -> (Name, Verdict, String, String) {
    let blanks = |verdict, reason, advice: &str| (Name::TrailingBlanks, verdict, reason, advice.to_owned());
    match fact {
        KeyFact::NoBlanks => blanks(
            Verdict::Converted,
            format!("{SIGNIFICANT}; no value of it differs by them now"),
            "CHECK (column = rtrim(column)) in the target keeps it so",
        ),
        KeyFact::Trimmed => blanks(
            Verdict::Converted,
            "its trailing blanks are cut off (blanks=trim, padding=trim), so it compares as in the source".to_owned(),
            "",
        ),
        KeyFact::Blanks { rows, examples } => {
            let rows = counted(number(*rows), "row");
            let reason = format!(
                "{SIGNIFICANT}: {rows} with a value that ends in one{}; a value that differs from it in blanks \
                 alone can stand beside it",
                listed(examples)
            );
            blanks(Verdict::Changed, reason, TRIM)
        }
        KeyFact::Unequal(unequal) => mismatched(unequal),
        KeyFact::VariantAsText => (
            Name::VariantKey,
            Verdict::Changed,
            "a sql_variant in a key that becomes text: values of two base types with the same text (5 and '5') are \
             equal here, and the key cannot be built then"
                .to_owned(),
            "without --map sql_variant=text such a column becomes jsonb, which keeps them apart".to_owned(),
        ),
        KeyFact::MayCollide(policy) => (
            Name::KeyUnchecked,
            Verdict::Changed,
            format!("{policy} may make two of its values equal, which SQL Server cannot count; the key cannot be built then"),
            "leave the policy out for the columns of the key (config file), or look at the rows that it changes".to_owned(),
        ),
        KeyFact::Unasked { why, sql } => (
            Name::KeyUnchecked,
            Verdict::Changed,
            format!(
                "not checked, because {why}: SQL Server takes texts for equal that differ in trailing blanks, in case or \
                 accents by their collation, and binary values in trailing zero bytes; PostgreSQL does not"
            ),
            format!("the first number is 0 if nothing differs: {sql}"),
        ),
    }
}

fn mismatched(unequal: &Unequal) -> (Name, Verdict, String, String) {
    let Unequal { rows, by_blanks, examples, otherwise } = unequal;
    let others = rows - by_blanks;
    let what = match (*by_blanks > 0, others > 0) {
        (true, false) => "trailing blanks".to_owned(),
        (false, _) => (*otherwise).to_owned(),
        (true, true) => format!("trailing blanks, or in {otherwise}"),
    };
    let reason = format!(
        "{} with another value than the row that is referred to{}: they differ in {what}, which SQL Server ignores and \
         PostgreSQL does not. The key cannot be validated: it stays NOT VALID, and the run ends with exit code 3",
        counted(number(*rows), "row"),
        listed(examples)
    );
    let texts = *otherwise == "case, accents or what else its collation ignores";
    let mut advice = Vec::new();
    if *by_blanks > 0 {
        advice.push(TRIM);
    }
    if others > 0 && texts {
        advice.push("--collations icu keeps case and accents equal (citext case alone)");
    }
    if others > 0 && !texts {
        advice.push("write the same value on both sides, or leave the foreign key out");
    }
    (Name::KeyMismatch, Verdict::Refused, reason, advice.join("; "))
}

fn number(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

fn listed(examples: &[String]) -> String {
    if examples.is_empty() { String::new() } else { format!(", for example {}", examples.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_key_that_cannot_be_validated_says_why_and_what_helps() {
        let fact = |by_blanks, otherwise| {
            KeyFact::Unequal(Unequal {
                rows: 2,
                by_blanks,
                examples: vec!["N'a ' and N'a'".to_owned()],
                otherwise,
            })
        };
        let texts = "case, accents or what else its collation ignores";
        let (name, verdict, reason, advice) = said(&fact(2, texts));
        assert_eq!((name, verdict), (Name::KeyMismatch, Verdict::Refused));
        assert!(
            reason.starts_with("2 rows with another value") && reason.contains("for example N'a ' and N'a'")
        );
        assert!(reason.contains("differ in trailing blanks, which") && advice.contains("blanks=trim_keys"));
        let (.., reason, advice) = said(&fact(1, texts));
        assert!(reason.contains("trailing blanks, or in case"), "{reason}");
        assert!(advice.contains("blanks=trim_keys") && advice.contains("--collations icu"), "{advice}");
        let (.., advice) = said(&fact(0, "trailing zero bytes"));
        assert!(!advice.contains("blanks=trim_keys"), "{advice}");
    }

    #[test]
    fn only_values_that_end_in_blanks_make_a_unique_key_changed() {
        let verdict = |fact| said(&fact).1;
        assert_eq!(verdict(KeyFact::NoBlanks), Verdict::Converted);
        assert_eq!(verdict(KeyFact::Trimmed), Verdict::Converted);
        assert_eq!(verdict(KeyFact::Blanks { rows: 1, examples: vec![] }), Verdict::Changed);
        assert_eq!(verdict(KeyFact::Unasked { why: String::new(), sql: String::new() }), Verdict::Changed);
    }
}
