//! Ledger tables: their hidden columns, history and view.

use std::sync::Arc;

use crate::catalog::{Catalog, ColumnDef, Generated, Ledger, TableDef, ViewDef};
use crate::engine::unknown;
use crate::load::element::Options;
use crate::load::lex::Cursor;
use crate::load::objects::{check_free, schema_of};
use crate::load::temporal;
use crate::results::SqlError;
use crate::types::SqlType;

/// After `LEDGER =`: whether APPEND_ONLY; None is OFF.
pub(crate) fn option(c: &mut Cursor<'_>) -> Result<Option<bool>, SqlError> {
    if c.accept("OFF") {
        return Ok(None);
    }
    c.expect("ON")?;
    let mut append_only = false;
    if c.accept("(") {
        loop {
            if c.accept("APPEND_ONLY =") {
                append_only = c.accept("ON");
                c.accept("OFF");
            } else {
                return Err(unknown("this option of LEDGER"));
            }
            if !c.accept(",") {
                c.expect(")")?;
                break;
            }
        }
    }
    Ok(Some(append_only))
}

/// `GENERATED ALWAYS AS TRANSACTION_ID START` and its like.
pub(crate) fn generated(c: &mut Cursor<'_>) -> Option<Generated> {
    let all = [
        ("TRANSACTION_ID START", Generated::TransactionStart),
        ("TRANSACTION_ID END", Generated::TransactionEnd),
        ("SEQUENCE_NUMBER START", Generated::SequenceStart),
        ("SEQUENCE_NUMBER END", Generated::SequenceEnd),
    ];
    all.into_iter().find(|(words, _)| c.accept(&format!("GENERATED ALWAYS AS {words}"))).map(|(_, g)| g)
}

/// Makes a table a ledger table; gives the history table that has to be made.
pub(crate) fn begin(
    catalog: &mut Catalog,
    table: &mut TableDef,
    append_only: bool,
    options: &Options,
) -> Result<Option<TableDef>, SqlError> {
    let starts = [
        ("ledger_start_transaction_id", Generated::TransactionStart),
        ("ledger_start_sequence_number", Generated::SequenceStart),
    ];
    let ends = [
        ("ledger_end_transaction_id", Generated::TransactionEnd),
        ("ledger_end_sequence_number", Generated::SequenceEnd),
    ];
    let wanted: Vec<_> =
        if append_only { starts.to_vec() } else { vec![starts[0], ends[0], starts[1], ends[1]] };
    for (name, which) in wanted {
        if table.columns.iter().any(|c| c.generated == Some(which)) {
            continue;
        }
        table.max_column_id += 1;
        table.columns.push(ColumnDef {
            id: table.max_column_id,
            name: name.to_owned(),
            ty: SqlType::BigInt,
            nullable: matches!(which, Generated::TransactionEnd | Generated::SequenceEnd),
            generated: Some(which),
            hidden: true,
            ..ColumnDef::default()
        });
    }
    let name = format!("{}_Ledger", table.name);
    check_free(catalog, &table.schema, &name)?;
    let (view, created) = catalog.new_object();
    let definition =
        format!("CREATE VIEW [{0}].[{name}] AS SELECT * FROM [{0}].[{1}]", table.schema, table.name);
    let schema = table.schema.clone();
    catalog.views.push(ViewDef { object_id: view, schema, name, definition, created, indexes: Vec::new() });
    if append_only {
        table.ledger = Some(Ledger::AppendOnly(view));
        return Ok(None);
    }
    if table.period.is_some() {
        let Some(versioning) = &options.versioning else {
            return Err(unknown("a ledger table with a period alone"));
        };
        let made = temporal::begin(catalog, table, versioning)?;
        let crate::catalog::Temporal::Versioned(history) = table.temporal else { return Ok(made) };
        table.ledger = Some(Ledger::Updatable(history, view));
        return Ok(made.map(|t| TableDef { ledger: Some(Ledger::History), ..t }));
    }
    let named = options.versioning.as_ref().and_then(|v| v.history.clone());
    let (schema, name) = named.unwrap_or_else(|| {
        (Some(table.schema.clone()), format!("MSSQL_LedgerHistoryFor_{}", table.object_id))
    });
    let schema = schema_of(catalog, schema.as_deref())?;
    check_free(catalog, &schema, &name)?;
    let id = catalog.new_object();
    let mut history = temporal::history_of(table, (0, 0), (schema, name), id);
    history.indexes.clear();
    history.temporal = crate::catalog::Temporal::No;
    history.ledger = Some(Ledger::History);
    table.ledger = Some(Ledger::Updatable(history.object_id, view));
    Ok(Some(history))
}

/// The table's ledger as sys.tables shows it: type, its text, history, view.
pub(crate) fn shown(table: Option<&Arc<TableDef>>) -> (u8, &'static str, Option<i32>, Option<i32>) {
    match table.and_then(|t| t.ledger) {
        None => (0, "NON_LEDGER_TABLE", None, None),
        Some(Ledger::History) => (1, "HISTORY_TABLE", None, None),
        Some(Ledger::Updatable(history, view)) => (2, "UPDATABLE_LEDGER_TABLE", Some(history), Some(view)),
        Some(Ledger::AppendOnly(view)) => (3, "APPEND_ONLY_LEDGER_TABLE", None, Some(view)),
    }
}
