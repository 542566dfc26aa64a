//! The assessment: what becomes of every object of the source, and how much there is, said before anything is written.
//!
//! It is made of the plan and the source's catalog alone, by the same functions that make the target's objects, so that
//! what is promised is what a run does; [`findings`] gives the same list to the end of a run. Every object has a
//! finding at least; one that several things are said of has several, and counts once, by the worst. Names of findings,
//! kinds and verdicts are for machines: they do not change (`docs/reference/assessment.md` lists them).

mod columns;
mod estimate;
mod keys;
mod objects;
mod tables;
#[cfg(test)]
mod tests;
mod text;

use crate::model::objects::{ObjectKind, SourceObjects};
use crate::model::plan::Plan;
use crate::model::table::SourceTable;
use crate::plan::build::RefusedObject;
use crate::plan::naming;
use crate::sqlserver::collisions::Collision;
use crate::sqlserver::collisions::differences::ComparedKey;
pub use estimate::Estimate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
pub use text::render;

/// The version of the JSON form.
pub const VERSION: u32 = 1;

/// What becomes of an object, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It arrives with the same meaning.
    Converted,
    /// It arrives, and something about it is different; no value is.
    Changed,
    /// Values may arrive changed, on request or because the target's type holds less; they are counted.
    Lossy,
    /// It does not arrive.
    Refused,
}

/// What is said of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Name {
    /// Nothing to say.
    AsIs,
    /// `--name-case` writes the name otherwise.
    NameCase,
    /// The configuration gave the name.
    NameChosen,
    /// More than 63 bytes.
    NameTooLong,
    /// Another object has the name.
    NameTaken,
    /// A system column of PostgreSQL has the name.
    NameSystem,
    /// A key word, to be written in quotes.
    NameReserved,
    /// Only some rows are copied.
    Filtered,
    /// A security policy of the source decides which rows are copied.
    RowsWithheld,
    /// Left out on request.
    Excluded,
    /// Values are replaced on request.
    Masked,
    /// It shows what a masked column hides.
    MaskBypassed,
    /// The type cannot be copied.
    TypeUnsupported,
    /// The plan cannot stand so.
    Impossible,
    /// The target's type does not hold all of a value.
    TypeLossy,
    /// A policy changes values.
    Policy,
    /// A seventh fractional digit.
    FractionDigits,
    /// An extension must be there.
    NeedsExtension,
    /// A rowversion stands still.
    Rowversion,
    /// Rows must be numbered by somebody else.
    IdentityLost,
    /// Comparisons see what the source's do not.
    CollationDatabase,
    /// Comparisons of ICU.
    CollationIcu,
    /// Comparisons of citext.
    CollationCitext,
    /// Keys that become equal: a type or a policy does not keep in what they differ.
    Collision,
    /// Blanks at the end of a key, which the source does not compare.
    TrailingBlanks,
    /// Values of a foreign key that are equal to those they refer to for the source alone.
    KeyMismatch,
    /// Nobody knows how the values of a key compare.
    KeyUnchecked,
    /// A sql_variant that is part of a key.
    VariantKey,
    /// The target computes it.
    Generated,
    /// A computed column became a plain one.
    ComputedPlain,
    /// A column set, which is made of other columns.
    ColumnSet,
    /// A hidden column is shown.
    HiddenShown,
    /// Without a chunk key: one transaction.
    OneChunk,
    /// Read in several chunks, each as of a moment of its own.
    SeveralMoments,
    /// Its longest rows may be too long for a page.
    RowTooLong,
    /// Without a primary key.
    NoPrimaryKey,
    /// Partitions.
    Partitions,
    /// History of rows.
    Temporal,
    /// Made a little otherwise.
    MadeOtherwise,
    /// Has no counterpart, or none of the same meaning.
    NoCounterpart,
    /// Node and edge tables.
    GraphTable,
    /// Could not be looked at.
    Unread,
    /// The source does not send it to this login.
    Unreadable,
}

/// One thing that is said of one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub name: Name,
    pub kind: ObjectKind,
    /// By its name in the source: `dbo.Orders.Total`.
    pub object: String,
    pub verdict: Verdict,
    /// What it is and why; of what is converted, what it becomes.
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// Objects by verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    pub converted: u64,
    pub changed: u64,
    pub lossy: u64,
    pub refused: u64,
}

impl Count {
    fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Converted => self.converted += 1,
            Verdict::Changed => self.changed += 1,
            Verdict::Lossy => self.lossy += 1,
            Verdict::Refused => self.refused += 1,
        }
    }
}

/// The whole assessment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assessment {
    pub version: u32,
    /// Server and database.
    pub source: String,
    /// `server_version_num`, if the target is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_version: Option<u32>,
    pub findings: Vec<Finding>,
    /// How names will look in the target, for people.
    #[serde(skip)]
    pub names: Option<String>,
    pub totals: Count,
    /// By kind of object.
    pub kinds: BTreeMap<ObjectKind, Count>,
    pub estimate: Estimate,
}

/// What an assessment is made of.
#[derive(Debug, Clone, Copy)]
pub struct Material<'m> {
    pub plan: &'m Plan,
    /// What stands in the plan's way; none once a run has begun.
    pub refused: &'m [RefusedObject],
    /// Bytes of a chunk, by which tables are split.
    pub chunk_size: u64,
    /// What the source has now.
    pub tables: &'m [SourceTable],
    pub objects: &'m SourceObjects,
}

/// Everything that is to be said of a run's objects: tables and their columns in the order of the plan, then what
/// stands on and beside them.
#[must_use]
pub fn findings(material: &Material<'_>) -> Vec<Finding> {
    let mut findings = of_tables(material);
    objects::add(material, &mut findings);
    findings
}

/// The part of it about tables and their columns.
#[must_use]
pub fn of_tables(material: &Material<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in &material.plan.tables {
        let source = material.tables.iter().find(|source| source.name == table.source);
        tables::add(material, table, source, &mut findings);
        columns::add(material, table, source, &mut findings);
    }
    findings
}

/// What the source was asked beside its catalog.
#[derive(Debug, Clone, Default)]
pub struct SourceAnswers {
    pub compared: Vec<ComparedKey>,
    pub collisions: Vec<Collision>,
    /// Findings as they are.
    pub others: Vec<Finding>,
}

/// The assessment for a copy with so many jobs.
#[must_use]
pub fn assess(material: &Material<'_>, jobs: usize, asked: &SourceAnswers) -> Assessment {
    let mut findings = findings(material);
    keys::add(material.plan, material.objects, asked, &mut findings);
    findings.extend(asked.others.iter().cloned());
    let (totals, kinds) = count(&findings);
    let source = &material.plan.source;
    Assessment {
        version: VERSION,
        source: format!("{}/{}", source.server, source.database),
        target_version: material.plan.target.as_ref().map(|target| target.version),
        findings,
        names: naming::example(material.plan),
        totals,
        kinds,
        estimate: estimate::estimate(material, jobs),
    }
}

/// Every object once, by the worst that is said of it.
fn count(findings: &[Finding]) -> (Count, BTreeMap<ObjectKind, Count>) {
    let mut worst: BTreeMap<(&ObjectKind, &str), Verdict> = BTreeMap::new();
    for finding in findings {
        let verdict = worst.entry((&finding.kind, &finding.object)).or_insert(finding.verdict);
        *verdict = (*verdict).max(finding.verdict);
    }
    let (mut totals, mut kinds) = (Count::default(), BTreeMap::<ObjectKind, Count>::new());
    for ((kind, _), verdict) in worst {
        totals.add(verdict);
        kinds.entry(kind.clone()).or_default().add(verdict);
    }
    (totals, kinds)
}

/// Findings about one object, gathered.
struct ObjectFindings<'f> {
    kind: ObjectKind,
    object: String,
    findings: &'f mut Vec<Finding>,
}

impl ObjectFindings<'_> {
    fn say(&mut self, name: Name, verdict: Verdict, reason: impl Into<String>) -> &mut Finding {
        self.findings.push(Finding {
            name,
            kind: self.kind.clone(),
            object: self.object.clone(),
            verdict,
            reason: reason.into(),
            advice: None,
        });
        // What was pushed is there.
        let last = self.findings.len() - 1;
        &mut self.findings[last]
    }

    /// The same with what can be done about it.
    fn advise(&mut self, name: Name, verdict: Verdict, reason: impl Into<String>, advice: impl Into<String>) {
        self.say(name, verdict, reason).advice = Some(advice.into());
    }
}
