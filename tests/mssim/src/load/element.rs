//! Constraints and indexes as they are written: their parsers.

use crate::catalog::{Action, IndexForm, Memory};
use crate::engine::unknown;
use crate::load::expr::{self, Expr};
use crate::load::ledger;
use crate::load::lex::Cursor;
use crate::load::temporal::{self, Versioning};
use crate::results::SqlError;

/// A constraint or index as parsed, not yet bound to column ids.
#[derive(Debug, Clone)]
pub(crate) enum Element {
    Key {
        name: Option<String>,
        primary: bool,
        clustered: Option<bool>,
        columns: Vec<(String, bool)>,
        fill: u8,
        ignore_dup: bool,
        on: Option<Placement>,
        form: IndexForm,
    },
    /// PERIOD FOR SYSTEM_TIME.
    Period(String, String),
    Check {
        name: Option<String>,
        condition: Expr,
        column: Option<String>,
    },
    Default {
        name: Option<String>,
        value: Expr,
        column: String,
    },
    ForeignKey(ForeignKey),
    Index(Index),
}

/// Partition scheme and column of an ON clause.
pub(crate) type Placement = (String, String);

#[derive(Debug, Clone)]
pub(crate) struct ForeignKey {
    pub(super) name: Option<String>,
    pub(super) columns: Vec<String>,
    pub(super) referenced: (Option<String>, String),
    pub(super) there: Vec<String>,
    pub(super) on_delete: Action,
    pub(super) on_update: Action,
    pub(super) not_for_replication: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    pub(crate) name: String,
    pub(crate) unique: bool,
    pub(crate) clustered: bool,
    pub(crate) columns: Vec<(String, bool)>,
    pub(crate) included: Vec<String>,
    pub(crate) filter: Option<Expr>,
    pub(crate) fill: u8,
    pub(crate) ignore_dup: bool,
    pub(crate) on: Option<Placement>,
    pub(crate) form: Option<IndexForm>,
}

/// What stands after a table, an index or a key.
#[derive(Debug, Default)]
pub(crate) struct Storage {
    pub(crate) on: Option<Placement>,
    pub(crate) options: Options,
}

/// What `WITH (…)` says.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) fill: u8,
    pub(crate) ignore_dup: bool,
    pub(crate) buckets: Option<i64>,
    pub(crate) versioning: Option<Versioning>,
    pub(crate) memory: Option<Memory>,
    /// LEDGER = ON, and whether APPEND_ONLY.
    pub(crate) ledger: Option<bool>,
}

/// `ON filegroup`, `TEXTIMAGE_ON`, `WITH (…)` after a table, index or key.
pub(crate) fn storage_clauses(c: &mut Cursor<'_>) -> Result<Storage, SqlError> {
    let mut out = Storage::default();
    loop {
        if c.accept("TEXTIMAGE_ON") || c.accept("FILESTREAM_ON") {
            c.name()?;
        } else if c.accept("ON") {
            let name = c.name()?;
            if c.is("(") {
                let column = c.names()?.pop().unwrap_or_default();
                out.on = Some((name, column));
            }
        } else if c.is("WITH (") {
            c.accept("WITH");
            options(c, &mut out.options)?;
        } else {
            return Ok(out);
        }
    }
}

/// `(name = value, …)`: what the catalog shows, a few that change nothing, and the rest is unknown.
fn options(c: &mut Cursor<'_>, out: &mut Options) -> Result<(), SqlError> {
    c.expect("(")?;
    let mut schema_only = false;
    let mut memory = false;
    loop {
        let name = c.name()?.to_uppercase();
        c.expect("=")?;
        match name.as_str() {
            "FILLFACTOR" => out.fill = u8::try_from(c.integer()?).map_err(|_| c.wrong())?,
            "IGNORE_DUP_KEY" => out.ignore_dup = on_or_off(c)?,
            "BUCKET_COUNT" => out.buckets = Some(i64::try_from(c.integer()?).map_err(|_| c.wrong())?),
            "MEMORY_OPTIMIZED" => memory = on_or_off(c)?,
            "DURABILITY" => {
                schema_only = c.accept("SCHEMA_ONLY");
                if !schema_only {
                    c.expect("SCHEMA_AND_DATA")?;
                }
            }
            "LEDGER" => out.ledger = ledger::option(c)?,
            "SYSTEM_VERSIONING" => out.versioning = temporal::option(c)?,
            "MAXDOP" => {
                c.integer()?;
            }
            "PAD_INDEX"
            | "STATISTICS_NORECOMPUTE"
            | "STATISTICS_INCREMENTAL"
            | "ALLOW_ROW_LOCKS"
            | "ALLOW_PAGE_LOCKS"
            | "DATA_COMPRESSION"
            | "SORT_IN_TEMPDB"
            | "DROP_EXISTING"
            | "ONLINE"
            | "OPTIMIZE_FOR_SEQUENTIAL_KEY" => {
                c.name()?;
            }
            other => return Err(unknown(format_args!("the option {other}"))),
        }
        if !c.accept(",") {
            c.expect(")")?;
            out.memory = memory.then_some(Memory { schema_only });
            return Ok(());
        }
    }
}

fn on_or_off(c: &mut Cursor<'_>) -> Result<bool, SqlError> {
    let on = c.accept("ON");
    if !on {
        c.expect("OFF")?;
    }
    Ok(on)
}

/// A table constraint or inline index, if one is next.
pub(crate) fn constraint(c: &mut Cursor<'_>) -> Result<Option<Element>, SqlError> {
    let name = if c.accept("CONSTRAINT") { Some(c.name()?) } else { None };
    if let Some(e) = key(c, name.clone(), None)? {
        return Ok(Some(e));
    }
    if c.accept("CHECK") {
        return check(c, name, None).map(Some);
    }
    if c.accept("FOREIGN KEY") {
        let columns = c.names()?;
        return foreign_key(c, name, columns).map(Some);
    }
    if c.accept("DEFAULT") {
        let value = expr::parse(c)?;
        c.expect("FOR")?;
        let column = c.name()?;
        c.accept("WITH VALUES");
        return Ok(Some(Element::Default { name, value, column }));
    }
    if c.is("PERIOD FOR") {
        c.expect("PERIOD FOR")?;
        c.expect("SYSTEM_TIME")?;
        let names = c.names()?;
        let [start, end] = names.as_slice() else { return Err(c.wrong()) };
        return Ok(Some(Element::Period(start.clone(), end.clone())));
    }
    if name.is_none() && c.is("INDEX") && c.peek_at(2).is_none_or(|t| t.text != ",") {
        return inline_index(c, None);
    }
    if name.is_some() { Err(c.wrong()) } else { Ok(None) }
}

/// INDEX in a CREATE TABLE; at a column the list may be absent.
pub(super) fn inline_index(c: &mut Cursor<'_>, column: Option<&str>) -> Result<Option<Element>, SqlError> {
    c.expect("INDEX")?;
    let mut index = Index { name: c.name()?, unique: c.accept("UNIQUE"), ..Index::default() };
    index.clustered = c.accept("CLUSTERED");
    c.accept("NONCLUSTERED");
    if c.accept("COLUMNSTORE") {
        index.form = Some(IndexForm::Columnstore);
    } else if c.accept("HASH") {
        index.form = Some(IndexForm::Hash(0));
    }
    index_rest(c, index, column).map(|i| Some(Element::Index(i)))
}

/// PRIMARY KEY or UNIQUE; at a column the list may be absent.
pub(super) fn key(
    c: &mut Cursor<'_>,
    name: Option<String>,
    column: Option<&str>,
) -> Result<Option<Element>, SqlError> {
    let primary = c.accept("PRIMARY KEY");
    if !primary && !c.accept("UNIQUE") {
        return Ok(None);
    }
    let clustered = if c.accept("CLUSTERED") {
        Some(true)
    } else if c.accept("NONCLUSTERED") {
        Some(false)
    } else {
        None
    };
    let hash = c.accept("HASH");
    let columns = match column {
        Some(column) if !c.is("(") => vec![(column.to_owned(), false)],
        _ => key_columns(c)?,
    };
    let mut fill = 0;
    let mut said = Options::default();
    if c.is("WITH (") {
        c.accept("WITH");
        options(c, &mut said)?;
        fill = said.fill;
    } else if c.accept("WITH FILLFACTOR =") {
        fill = u8::try_from(c.integer()?).map_err(|_| c.wrong())?;
    }
    let mut on = None;
    if c.is("ON") && !c.is("ON DELETE") && !c.is("ON UPDATE") {
        on = storage_clauses(c)?.on;
    }
    let form = if hash { IndexForm::Hash(said.buckets.unwrap_or(0)) } else { IndexForm::Rows };
    let ignore_dup = said.ignore_dup;
    Ok(Some(Element::Key { name, primary, clustered, columns, fill, ignore_dup, on, form }))
}

fn key_columns(c: &mut Cursor<'_>) -> Result<Vec<(String, bool)>, SqlError> {
    c.expect("(")?;
    let mut out = Vec::new();
    loop {
        let name = c.name()?;
        let descending = c.accept("DESC");
        c.accept("ASC");
        out.push((name, descending));
        if !c.accept(",") {
            c.expect(")")?;
            return Ok(out);
        }
    }
}

/// After the name (and ON table) of an index.
pub(crate) fn index_rest(
    c: &mut Cursor<'_>,
    mut index: Index,
    column: Option<&str>,
) -> Result<Index, SqlError> {
    if index.form == Some(IndexForm::Columnstore) {
        // All columns of a clustered one, those named of another; none of them is a key.
        index.included = if c.is("(") { c.names()? } else { Vec::new() };
    } else {
        index.columns = match column {
            Some(column) if !c.is("(") => vec![(column.to_owned(), false)],
            _ => key_columns(c)?,
        };
    }
    if c.accept("INCLUDE") {
        index.included = c.names()?;
    }
    if c.accept("WHERE") {
        index.filter = Some(expr::parse(c)?);
    }
    if c.accept("WITH FILLFACTOR =") {
        index.fill = u8::try_from(c.integer()?).map_err(|_| c.wrong())?;
    }
    let storage = storage_clauses(c)?;
    (index.fill, index.ignore_dup) = (index.fill.max(storage.options.fill), storage.options.ignore_dup);
    if let (Some(IndexForm::Hash(buckets)), Some(said)) = (&mut index.form, storage.options.buckets) {
        *buckets = said;
    }
    index.on = storage.on;
    Ok(index)
}

pub(super) fn check(
    c: &mut Cursor<'_>,
    name: Option<String>,
    column: Option<&str>,
) -> Result<Element, SqlError> {
    c.accept("NOT FOR REPLICATION");
    c.expect("(")?;
    let condition = expr::parse(c)?;
    c.expect(")")?;
    Ok(Element::Check { name, condition, column: column.map(str::to_owned) })
}

pub(super) fn foreign_key(
    c: &mut Cursor<'_>,
    name: Option<String>,
    columns: Vec<String>,
) -> Result<Element, SqlError> {
    c.expect("REFERENCES")?;
    let referenced = c.object()?;
    let there = if c.is("(") { c.names()? } else { Vec::new() };
    let mut key = ForeignKey {
        name,
        columns,
        referenced,
        there,
        on_delete: Action::NoAction,
        on_update: Action::NoAction,
        not_for_replication: false,
    };
    loop {
        let delete = c.accept("ON DELETE");
        if delete || c.accept("ON UPDATE") {
            let action = if c.accept("CASCADE") {
                Action::Cascade
            } else if c.accept("SET NULL") {
                Action::SetNull
            } else if c.accept("SET DEFAULT") {
                Action::SetDefault
            } else {
                c.expect("NO ACTION")?;
                Action::NoAction
            };
            *(if delete { &mut key.on_delete } else { &mut key.on_update }) = action;
        } else if c.accept("NOT FOR REPLICATION") {
            key.not_for_replication = true;
        } else {
            return Ok(Element::ForeignKey(key));
        }
    }
}
