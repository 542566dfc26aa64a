//! System-versioned temporal tables: the period, the history table, and what is refused.
//!
//! Rows that are changed while the history is kept would have to go there with the clock, which stands still here:
//! UPDATE and DELETE are refused. A script fills a history table before it switches versioning on.

use std::sync::Arc;

use crate::catalog::{
    Catalog, ColumnDef, Generated, IndexColumn, IndexDef, IndexForm, IndexKind, Ledger, TableDef, Temporal,
    same,
};
use crate::engine::{error, unknown};
use crate::load::calendar;
use crate::load::eval::NOW;
use crate::load::lex::Cursor;
use crate::load::objects::{check_free, declare, schema_of};
use crate::load::{Context, shape};
use crate::results::SqlError;
use crate::storage::TICKS_PER_DAY;
use crate::types::SqlType;
use crate::value::Value;

/// `SYSTEM_VERSIONING = ON (HISTORY_TABLE = …)`: the table of the history, None for one of the server's naming.
#[derive(Debug, Clone, Default)]
pub(crate) struct Versioning {
    pub(super) history: Option<(Option<String>, String)>,
}

/// After `SYSTEM_VERSIONING =`; None is OFF.
pub(crate) fn option(c: &mut Cursor<'_>) -> Result<Option<Versioning>, SqlError> {
    if c.accept("OFF") {
        return Ok(None);
    }
    c.expect("ON")?;
    let mut made = Versioning::default();
    if !c.accept("(") {
        return Ok(Some(made));
    }
    loop {
        if c.accept("HISTORY_TABLE =") {
            made.history = Some(c.object()?);
        } else if c.accept("DATA_CONSISTENCY_CHECK =") {
            c.name()?;
        } else if c.accept("HISTORY_RETENTION_PERIOD =") {
            if !c.accept("INFINITE") {
                c.integer()?;
                c.name()?;
            }
        } else {
            return Err(c.wrong());
        }
        if !c.accept(",") {
            c.expect(")")?;
            return Ok(Some(made));
        }
    }
}

/// The period's columns, found by name.
pub(crate) fn period(table: &mut TableDef, start: &str, end: &str) -> Result<(), SqlError> {
    let find = |name: &str, wanted: Generated| {
        table.column(name).filter(|c| c.generated == Some(wanted)).map(|c| c.id).ok_or_else(|| {
            error(
                13587,
                16,
                format!("Period column '{name}' in a system-versioned temporal table cannot be used so."),
            )
        })
    };
    table.period = Some((find(start, Generated::Start)?, find(end, Generated::End)?));
    Ok(())
}

/// Begins the history of a table that is not in the catalog's list yet, or is about to be replaced there. Gives the
/// history table where it has to be made.
pub(crate) fn begin(
    catalog: &mut Catalog,
    table: &mut TableDef,
    wanted: &Versioning,
) -> Result<Option<TableDef>, SqlError> {
    let Some((start, end)) = table.period else {
        return Err(error(
            13510,
            16,
            "Cannot set SYSTEM_VERSIONING to ON when SYSTEM_TIME period is not defined.".to_owned(),
        ));
    };
    if table.primary_key().is_none() {
        return Err(error(
            13553,
            16,
            format!("System versioned temporal table '{}' must have primary key defined.", table.name),
        ));
    }
    let named = wanted.history.clone();
    let (schema, name) = named.unwrap_or_else(|| {
        (Some(table.schema.clone()), format!("MSSQL_TemporalHistoryFor_{}", table.object_id))
    });
    let schema = schema_of(catalog, schema.as_deref())?;
    let at = catalog.tables.iter().position(|t| same(&t.name, &name) && same(&t.schema, &schema));
    if let Some(at) = at {
        let mut history = TableDef::clone(&catalog.tables[at]);
        let alike = history.columns.len() == table.columns.len()
            && history
                .columns
                .iter()
                .zip(&table.columns)
                .all(|(a, b)| same(&a.name, &b.name) && a.ty == b.ty);
        if !alike {
            return Err(error(
                13523,
                16,
                format!("Setting SYSTEM_VERSIONING to ON failed because table '{name}' has other columns."),
            ));
        }
        history.temporal = Temporal::History;
        table.temporal = Temporal::Versioned(history.object_id);
        catalog.tables[at] = Arc::new(history);
        return Ok(None);
    }
    check_free(catalog, &schema, &name)?;
    let (object_id, created) = catalog.new_object();
    table.temporal = Temporal::Versioned(object_id);
    Ok(Some(history_of(table, (start, end), (schema, name), (object_id, created))))
}

/// The table that takes the history of another: its columns, and an index of the period.
pub(super) fn history_of(
    table: &TableDef,
    (start, end): (i32, i32),
    (schema, name): (String, String),
    (object_id, created): (i32, i64),
) -> TableDef {
    let plain = |c: &ColumnDef| ColumnDef {
        identity: None,
        computed: None,
        default: None,
        generated: None,
        hidden: false,
        rowguidcol: false,
        bound_default: 0,
        bound_rule: 0,
        ..c.clone()
    };
    let key = |column_id| IndexColumn { column_id, descending: false };
    let index = IndexDef {
        id: 1,
        name: format!("ix_{name}"),
        kind: IndexKind::Index,
        object_id: 0,
        system_named: false,
        unique: false,
        clustered: true,
        keys: vec![key(end), key(start)],
        included: Vec::new(),
        filter: None,
        fill_factor: 0,
        ignore_dup_key: false,
        disabled: false,
        form: IndexForm::Rows,
        partitioned: None,
    };
    TableDef {
        object_id,
        schema,
        name,
        columns: table.columns.iter().map(plain).collect(),
        indexes: vec![index],
        max_column_id: table.max_column_id,
        created,
        modified: created,
        temporal: Temporal::History,
        ..TableDef::default()
    }
}

/// `ALTER TABLE … SET (SYSTEM_VERSIONING = …)`.
pub(crate) fn alter(
    x: &Context<'_>,
    (schema, name): (Option<&str>, &str),
    wanted: Option<&Versioning>,
) -> Result<(), SqlError> {
    declare(x, |k, _| {
        let found =
            k.tables.iter().position(|t| same(&t.name, name) && same(&t.schema, schema.unwrap_or("dbo")));
        let at = found.ok_or_else(|| error(4902, 16, format!("Cannot find the object \"{name}\".")))?;
        let mut table = TableDef::clone(&k.tables[at]);
        match (wanted, table.temporal) {
            (Some(wanted), Temporal::No) => {
                if let Some(history) = begin(k, &mut table, wanted)? {
                    shape::create(x.conn, &history)?;
                    k.tables.push(Arc::new(history));
                }
            }
            (None, Temporal::Versioned(history)) => {
                table.temporal = Temporal::No;
                if let Some(h) = k.tables.iter_mut().find(|t| t.object_id == history) {
                    Arc::make_mut(h).temporal = Temporal::No;
                }
            }
            _ => {
                return Err(error(
                    13591,
                    16,
                    format!("SYSTEM_VERSIONING of table '{name}' is in that state already."),
                ));
            }
        }
        k.tables[at] = Arc::new(table);
        Ok(())
    })
}

/// What GENERATED ALWAYS makes of a new row: now, and the end of time.
pub(crate) fn generated(which: Generated, ty: &SqlType) -> Result<Value, SqlError> {
    let moment = match which {
        // No transaction is told from another: all are the first.
        Generated::TransactionStart => return Ok(Value::Int(1000)),
        Generated::SequenceStart => return Ok(Value::Int(0)),
        Generated::TransactionEnd | Generated::SequenceEnd => return Ok(Value::Null),
        Generated::Start => NOW,
        Generated::End => {
            let SqlType::DateTime2(scale) = ty else { return Err(unknown("a period that is not datetime2")) };
            let unit = 10_i64.pow(u32::from(7 - scale));
            // The last moment that the scale can say.
            calendar::Moment { ticks: 3_652_059 * TICKS_PER_DAY - unit, offset: 0 }
        }
    };
    calendar::value(moment, ty)
}

/// Before rows of a table are changed: what versioning forbids, and what it would need.
pub(crate) fn writable(table: &TableDef, inserts: bool) -> Result<(), SqlError> {
    match table.temporal {
        Temporal::History => Err(error(
            if inserts { 13559 } else { 13560 },
            16,
            format!("Rows of the temporal history table '{}' cannot be changed.", table.name),
        )),
        _ if !inserts && matches!(table.ledger, Some(Ledger::AppendOnly(_))) => Err(error(
            37359,
            16,
            format!("Updates are not allowed for the append only Ledger table '{}'.", table.name),
        )),
        _ if !inserts && table.ledger.is_some() => Err(unknown("UPDATE and DELETE of a ledger table")),
        Temporal::Versioned(_) if !inserts => Err(unknown("UPDATE and DELETE of a system-versioned table")),
        _ => Ok(()),
    }
}
