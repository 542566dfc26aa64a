//! What the tests of this part share: a plan.

use crate::model::identity::DatabaseIdentity;

use crate::model::names::{ColumnName, TableName};
use crate::model::plan::{Plan, PlanOptions, PlannedColumn, PlannedSource, PlannedTable, VERSION};
use crate::model::types::SourceType;
use jiff::Timestamp;

/// Tables `dbo.T1`, `dbo.T2` …
pub(crate) fn plan(tables: u32) -> Plan {
    Plan {
        target: None,
        version: VERSION,
        fingerprint: "ab".repeat(32),
        operation: String::new(),
        digest: String::new(),
        created_at: Timestamp::from_second(1_700_000_000).unwrap(),
        source: PlannedSource {
            server: "sql1".to_owned(),
            database: "Sales".to_owned(),
            product_version: "16.0.4135.4".to_owned(),
            identity: DatabaseIdentity::default(),
            log_position: None,
        },
        options: PlanOptions::default(),
        tables: (1..=tables).map(planned).collect(),
    }
}

fn planned(index: u32) -> PlannedTable {
    let column = ColumnName::new("Id");
    PlannedTable {
        generated: Vec::new(),
        filter: None,
        partitioning: None,
        index,
        source: TableName::new("dbo", format!("T{index}")),
        target: TableName::new("public", format!("t{index}")),
        columns: vec![PlannedColumn {
            map: None,
            policies: crate::model::policy::Policies::default(),
            mask: None,
            collation: None,
            source: column.clone(),
            target: ColumnName::new("id"),
            source_type: SourceType {
                name: "int".into(),
                alias: None,
                max_length: 4,
                precision: 10,
                scale: 0,
                collation: None,
            },
            target_type: "integer".to_owned(),
            nullable: false,
            identity: None,
        }],
        unsupported: Vec::new(),
        primary_key: vec![column],
        chunk_key: None,
        rows: 1000,
        bytes: 8000,
        long_keys: Vec::new(),
        column_fingerprint: "cd".repeat(32),
        in_memory: false,
    }
}

/// By its 1-based index.
pub(crate) fn table(plan: &Plan, index: usize) -> &PlannedTable {
    &plan.tables[index - 1]
}
