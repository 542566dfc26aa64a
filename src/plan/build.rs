//! From what the source has to the plan: filter, order, map types, name the target, take the fingerprint. Pure.
//!
//! [`draft`] plans everything that it can and lists what stands in the way, for the assessment; [`build`] refuses the
//! plan if anything does.

mod columns;
mod tables;

use super::choices;
use super::filter::Filter;
use crate::error::{Error, ErrorKind, Result};
use crate::model::base_type::BaseType;
use crate::model::counts::counted;
use crate::model::identity::CommonMark;
use crate::model::names::{ColumnName, TableName};
use crate::model::objects::PartitionedTable;
use crate::model::plan::Plan;
use crate::model::plan::PlanOptions;
use crate::model::plan::PlannedSource;
use crate::model::plan::PlannedTarget;
use crate::model::plan::VERSION;
use crate::model::policy::{BlanksPolicy, Policies};
use crate::model::table::{ForeignKey, Index, SourceTable};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// Why a column is not copied that the user excluded. Stored in plans.
pub const EXCLUDED: &str = "left out on request (exclude)";

/// Why an internal column of a graph table is not copied. Stored in plans.
pub const GRAPH_INTERNAL: &str =
    "internal to a graph table: no query can read it, and its ids stand in the other columns";

/// Why a column set is not copied: what it shows is in the sparse columns, which are.
pub const COLUMN_SET: &str =
    "a column set: the server makes it of the sparse columns, which are copied themselves";

/// What a plan is made of.
#[derive(Debug, Clone)]
pub struct Inputs<'s> {
    pub source: PlannedSource,
    /// None: it is not known what the target can do.
    pub target: Option<PlannedTarget>,
    pub options: PlanOptions,
    pub tables: &'s [SourceTable],
    /// Those of all tables, from which the chunk keys are chosen.
    pub indexes: &'s [Index],
    /// For the choices that are about keys; see [`needs_foreign_keys`].
    pub foreign_keys: &'s [ForeignKey],
    pub partitions: &'s [PartitionedTable],
    pub now: Timestamp,
}

/// Does the plan of these choices depend on the foreign keys?
#[must_use]
pub fn needs_foreign_keys(options: &PlanOptions, tables: &[SourceTable]) -> bool {
    let of_tables = options.tables.values().flat_map(|table| {
        table.policies.into_iter().chain(table.columns.values().filter_map(|column| column.policies))
    });
    let mut policies = of_tables.chain(options.replanned.values().copied()).chain([options.policies]);
    policies.any(|policies: Policies| policies.blanks == BlanksPolicy::TrimKeys)
        || tables.iter().flat_map(|table| &table.columns).any(|column| column.ty.name == BaseType::SqlVariant)
}

/// Why a table is refused of which a security policy shows only some rows.
#[must_use]
pub fn row_filter(policy: &str) -> String {
    format!(
        "the security policy {policy} decides which rows this login sees, and the copy would lack the others; switch \
         the policy off (ALTER SECURITY POLICY … WITH (STATE = OFF)), leave the table out, or use a login that sees \
         every row and add --allow-row-filters"
    )
}

/// Something that cannot be copied as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedObject {
    pub table: TableName,
    pub column: Option<ColumnName>,
    /// As it is declared, of a column.
    pub source_type: Option<String>,
    pub reason: String,
}

/// `dbo.Orders.Total decimal(18,4): reason`
impl std::fmt::Display for RefusedObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.table)?;
        if let Some(column) = &self.column {
            write!(f, ".{column}")?;
        }
        if let Some(source_type) = &self.source_type {
            write!(f, " {source_type}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// A plan, and what stands in its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub plan: Plan,
    pub refused: Vec<RefusedObject>,
}

/// Plans what can be planned.
///
/// # Errors
/// `Config` for a pattern that is no glob or names a table that is not there, and for choices that fit nothing,
/// `SourcePermission` if there are no tables at all, `Usage` if the filters leave nothing.
pub fn draft(inputs: Inputs<'_>) -> Result<Draft> {
    let filter = Filter::new(&inputs.options)?;
    if inputs.tables.is_empty() {
        // SQL Server hides the definitions that a login may not see, and says nothing.
        let message = format!("database {} has no table that this login can see", inputs.source.database);
        return Err(Error::new(ErrorKind::SourcePermission, message));
    }
    filter.every_name_exists(inputs.tables)?;
    let choices = choices::resolve(&inputs.options, inputs.tables)?;
    let mut chosen: Vec<&SourceTable> =
        inputs.tables.iter().filter(|table| filter.takes(&table.name)).collect();
    if chosen.is_empty() {
        let message = format!(
            "nothing to plan: the database has {}, the filters leave none",
            counted(inputs.tables.len() as u64, "table")
        );
        return Err(Error::new(ErrorKind::Usage, message));
    }
    chosen.sort_by(|a, b| a.name.cmp(&b.name));
    let (tables, refused) = tables::plan(&inputs, &chosen, &choices);
    let fingerprint = fingerprint(&inputs.source, &inputs.options)?;
    let plan = Plan {
        version: VERSION,
        fingerprint,
        operation: String::new(),
        digest: String::new(),
        created_at: inputs.now,
        source: inputs.source,
        target: inputs.target,
        options: inputs.options,
        tables,
    };
    Ok(Draft { plan, refused })
}

/// The plan, if nothing stands in its way.
///
/// # Errors
/// `Config`, `SourcePermission` or `Usage` as [`draft`] has them; `Unsupported` with every column and table that cannot
/// be copied, all at once.
pub fn build(inputs: Inputs<'_>) -> Result<Plan> {
    let Draft { plan, refused } = draft(inputs)?;
    if refused.is_empty() {
        return Ok(plan);
    }
    let list: Vec<String> = refused.iter().map(ToString::to_string).collect();
    let message = format!(
        "the plan has {} that cannot be copied:\n  {}\n  --exclude SCHEMA.TABLE leaves a table out, --skip-unsupported leaves such columns out, --map TYPE=TARGET \
         chooses another type; `plan --dry-run` lists everything",
        counted(list.len() as u64, "object"),
        list.join("\n  ")
    );
    Err(Error::new(ErrorKind::Unsupported, message))
}

/// SHA-256, in hex, over what a resume must find unchanged: the database's identity and name, filters, mapping. The
/// server's name stands in for an identity that cannot be read.
///
/// # Errors
/// `Bug` if the options cannot be written as JSON.
pub fn fingerprint(source: &PlannedSource, options: &PlanOptions) -> Result<String> {
    let options = serde_json::to_string(options).map_err(|error| {
        Error::new(ErrorKind::Bug, "cannot write the plan's options as JSON").because(error)
    })?;
    let (mark, value) = source.identity.strongest().unwrap_or(("server", &source.server));
    Ok(hex_digest(&[mark, value, &source.database, &options]))
}

/// What differs between a plan that is there and what this run was asked for; empty if it is the same.
#[must_use]
pub fn differences(plan: &Plan, source: &PlannedSource, options: Option<&PlanOptions>) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, planned: String, now: String| {
        if planned != now {
            found.push(format!("{what} (plan: {planned}, now: {now})"));
        }
    };
    match plan.source.identity.in_common(&source.identity) {
        Some(CommonMark { name, ours, theirs }) => {
            compare(&format!("{name} of the source database"), ours.to_owned(), theirs.to_owned());
        }
        None => {
            // A plan of an older program, or a login that sees nothing of it.
            let what = match plan.source.identity.strongest() {
                None => "source server, by whose name this plan knows its database",
                Some(_) => "source server, as this login cannot see the database's own identity",
            };
            compare(what, plan.source.server.clone(), source.server.clone());
        }
    }
    compare("source database", plan.source.database.clone(), source.database.clone());
    if let Some(options) = options {
        found.extend(other_choices(&plan.options, options));
    }
    found
}

/// The choices that were made now and are not the plan's. What is not chosen now is taken from the plan.
#[must_use]
pub fn other_choices(planned: &PlanOptions, now: &PlanOptions) -> Vec<String> {
    let planned = PlanOptions { name_case: Some(planned.name_case()), ..planned.clone() };
    let all = texts(&planned).into_iter().zip(texts(now)).zip(texts(&PlanOptions::default()));
    all.filter(|(((_, planned), (_, now)), (_, unchosen))| now != planned && now != unchosen)
        .map(|(((what, planned), (_, now)), _)| format!("{what} {now} (the plan has {planned})"))
        .collect()
}

/// The choices as a user writes them: all of them, since nothing else compares them. What the user wrote as a value (a
/// mask) is not shown.
fn texts(options: &PlanOptions) -> Vec<(&'static str, String)> {
    let listed = |parts: Vec<String>| if parts.is_empty() { "none".to_owned() } else { parts.join(",") };
    let pairs = |map: &std::collections::BTreeMap<String, String>| {
        listed(map.iter().map(|(from, to)| format!("{from}={to}")).collect())
    };
    let PlanOptions {
        include,
        exclude,
        schema_map,
        skip_unsupported,
        allow_row_filters,
        name_case,
        collations,
        partitions,
        comment_properties,
        maps,
        policies,
        // Of single tables, by `replan`: nothing that a command by hand could choose otherwise.
        replanned: _,
        tables,
    } = options;
    let of_tables = || {
        let json = serde_json::to_string(tables).unwrap_or_default();
        let names: Vec<&str> = tables.keys().map(String::as_str).collect();
        let digest = hex_digest(&[&json]);
        if names.is_empty() { "none".to_owned() } else { format!("{} ({})", names.join(", "), &digest[..8]) }
    };
    vec![
        ("--include", listed(include.clone())),
        ("--exclude", listed(exclude.clone())),
        ("--schema-map", pairs(schema_map)),
        ("--skip-unsupported", skip_unsupported.to_string()),
        ("--allow-row-filters", allow_row_filters.to_string()),
        ("--name-case", name_case.map_or_else(String::new, |case| format!("{case:?}").to_lowercase())),
        ("--collations", format!("{collations:?}").to_lowercase()),
        ("--partitions", format!("{partitions:?}").to_lowercase()),
        ("--comment-property", listed(comment_properties.clone())),
        ("--map", pairs(maps)),
        ("--policy", listed(policies.choices())),
        ("tables of the config file", of_tables()),
    ]
}

/// SHA-256, in hex, of a table's column definitions, key included.
#[must_use]
pub fn column_fingerprint(table: &SourceTable) -> String {
    let mut parts: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            let collation = column.ty.collation.as_deref().unwrap_or("");
            let identity =
                column.identity.as_ref().map_or_else(String::new, |i| format!("{},{}", i.seed, i.increment));
            let computed = column.computed.as_deref().unwrap_or("");
            format!("{}|{}|{collation}|{}|{identity}|{computed}", column.name, column.ty, column.nullable)
        })
        .collect();
    if let Some(key) = &table.primary_key {
        parts.extend(key.columns.iter().map(|column| format!("key {} {}", column.name, column.descending)));
    }
    hex_digest(&parts.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Length-prefixed, so that no two lists of parts give the same bytes.
fn hex_digest(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_le_bytes());
        digest.update(part.as_bytes());
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
