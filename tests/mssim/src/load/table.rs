//! CREATE TABLE: the parser of columns and constraints, and the declaration that they make.

use crate::catalog::{
    Action, Catalog, ColumnDef, Computed, Constraint, ForeignKeyDef, Identity, IndexColumn, IndexDef,
    IndexKind, TableDef, same,
};
use crate::collation;
use crate::engine::{error, unknown};
use crate::load::expr::{self, Expr};
use crate::load::lex::Cursor;
use crate::load::names::{column_type, is_character};
use crate::load::rows::computed_type;
use crate::results::SqlError;
use crate::types::SqlType;

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
    },
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

#[derive(Debug, Clone)]
pub(crate) struct ForeignKey {
    name: Option<String>,
    columns: Vec<String>,
    referenced: (Option<String>, String),
    there: Vec<String>,
    on_delete: Action,
    on_update: Action,
    not_for_replication: bool,
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
}

/// Parses after CREATE TABLE and makes the declaration in the catalog (object ids are taken from it).
pub(crate) fn create(c: &mut Cursor<'_>, catalog: &mut Catalog) -> Result<TableDef, SqlError> {
    let (schema, name) = c.object()?;
    let schema = super::objects::schema_of(catalog, schema.as_deref())?;
    super::objects::check_free(catalog, &schema, &name)?;
    let (object_id, at) = catalog.new_object();
    let mut table = TableDef {
        object_id,
        schema,
        name,
        columns: Vec::new(),
        indexes: Vec::new(),
        checks: Vec::new(),
        foreign_keys: Vec::new(),
        max_column_id: 0,
        created: at,
        modified: at,
    };
    let mut elements = Vec::new();
    c.expect("(")?;
    loop {
        if c.accept(")") {
            break;
        }
        if let Some(e) = constraint(c)? {
            elements.push(e);
        } else {
            column(c, catalog, &mut table, &mut elements)?;
        }
        if !c.accept(",") {
            c.expect(")")?;
            break;
        }
    }
    storage_clauses(c)?;
    finish(catalog, &mut table, elements)?;
    Ok(table)
}

/// Types of computed columns, then the constraints.
pub(crate) fn finish(
    catalog: &mut Catalog,
    table: &mut TableDef,
    elements: Vec<Element>,
) -> Result<(), SqlError> {
    for i in 0..table.columns.len() {
        if table.columns[i].computed.is_some() && table.columns[i].ty == SqlType::SqlVariant {
            let ty = computed_type(catalog, table, &table.columns[i])?;
            table.columns[i].ty = ty;
            table.columns[i].collation = is_character(&ty).then_some(catalog.collation);
        }
    }
    let keys_first = |e: &Element| !matches!(e, Element::Key { .. });
    let mut elements = elements;
    elements.sort_by_key(keys_first);
    for e in elements {
        add(catalog, table, e, false)?;
    }
    Ok(())
}

/// `ON filegroup`, `TEXTIMAGE_ON`, `WITH (…)` after a table, index or key.
pub(crate) fn storage_clauses(c: &mut Cursor<'_>) -> Result<(), SqlError> {
    loop {
        if c.accept("ON") || c.accept("TEXTIMAGE_ON") || c.accept("FILESTREAM_ON") {
            c.name()?;
            if c.is("(") {
                return Err(unknown("a partition scheme"));
            }
        } else if c.is("WITH (") {
            c.accept("WITH");
            options(c)?;
        } else {
            return Ok(());
        }
    }
}

/// `(name = value, …)`: fill factor and IGNORE_DUP_KEY matter, a few others do not, the rest is unknown.
fn options(c: &mut Cursor<'_>) -> Result<(u8, bool), SqlError> {
    let (mut fill, mut ignore) = (0, false);
    c.expect("(")?;
    loop {
        let name = c.name()?.to_uppercase();
        c.expect("=")?;
        match name.as_str() {
            "FILLFACTOR" => fill = u8::try_from(c.integer()?).map_err(|_| c.wrong())?,
            "IGNORE_DUP_KEY" => ignore = c.name()?.eq_ignore_ascii_case("ON"),
            "MAXDOP" => {
                c.integer()?;
            }
            "PAD_INDEX"
            | "STATISTICS_NORECOMPUTE"
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
            return if ignore { Err(unknown("IGNORE_DUP_KEY = ON")) } else { Ok((fill, ignore)) };
        }
    }
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
        return Err(unknown("a temporal table"));
    }
    if name.is_none() && c.is("INDEX") && !c.peek_at(2).is_some_and(|t| t.text == ",") {
        c.accept("INDEX");
        let mut index = Index { name: c.name()?, unique: c.accept("UNIQUE"), ..Index::default() };
        index.clustered = c.accept("CLUSTERED");
        c.accept("NONCLUSTERED");
        return index_rest(c, index).map(|i| Some(Element::Index(i)));
    }
    if name.is_some() { Err(c.wrong()) } else { Ok(None) }
}

/// PRIMARY KEY or UNIQUE; at a column the list may be absent.
fn key(c: &mut Cursor<'_>, name: Option<String>, column: Option<&str>) -> Result<Option<Element>, SqlError> {
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
    let columns = match column {
        Some(column) if !c.is("(") => vec![(column.to_owned(), false)],
        _ => key_columns(c)?,
    };
    let mut fill = 0;
    if c.is("WITH (") {
        c.accept("WITH");
        fill = options(c)?.0;
    } else if c.accept("WITH FILLFACTOR =") {
        fill = u8::try_from(c.integer()?).map_err(|_| c.wrong())?;
    }
    if c.is("ON") && !c.is("ON DELETE") && !c.is("ON UPDATE") {
        storage_clauses(c)?;
    }
    Ok(Some(Element::Key { name, primary, clustered, columns, fill, ignore_dup: false }))
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
pub(crate) fn index_rest(c: &mut Cursor<'_>, mut index: Index) -> Result<Index, SqlError> {
    index.columns = key_columns(c)?;
    if c.accept("INCLUDE") {
        index.included = c.names()?;
    }
    if c.accept("WHERE") {
        index.filter = Some(expr::parse(c)?);
    }
    if c.is("WITH (") {
        c.accept("WITH");
        index.fill = options(c)?.0;
    }
    storage_clauses(c)?;
    Ok(index)
}

fn check(c: &mut Cursor<'_>, name: Option<String>, column: Option<&str>) -> Result<Element, SqlError> {
    c.accept("NOT FOR REPLICATION");
    c.expect("(")?;
    let condition = expr::parse(c)?;
    c.expect(")")?;
    Ok(Element::Check { name, condition, column: column.map(str::to_owned) })
}

fn foreign_key(c: &mut Cursor<'_>, name: Option<String>, columns: Vec<String>) -> Result<Element, SqlError> {
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

/// One column with its constraints.
pub(crate) fn column(
    c: &mut Cursor<'_>,
    catalog: &Catalog,
    table: &mut TableDef,
    elements: &mut Vec<Element>,
) -> Result<(), SqlError> {
    let name = c.name()?;
    if table.column(&name).is_some() {
        return Err(error(
            2705,
            16,
            format!(
                "Column names in each table must be unique. Column name '{name}' in table '{}' is specified more than once.",
                table.name
            ),
        ));
    }
    table.max_column_id += 1;
    let mut column = ColumnDef {
        id: table.max_column_id,
        name,
        ty: SqlType::SqlVariant,
        alias: None,
        nullable: true,
        collation: None,
        identity: None,
        computed: None,
        default: None,
        rowguidcol: false,
        sparse: false,
    };
    if c.accept("AS") {
        let e = expr::parse(c)?;
        column.computed =
            Some(Computed { definition: expr::definition(&e), persisted: c.accept("PERSISTED") });
    } else if c.is("TIMESTAMP") && (c.is("TIMESTAMP ,") || c.is("TIMESTAMP )"))
        || column.name.eq_ignore_ascii_case("timestamp") && (c.is(",") || c.is(")"))
    {
        c.accept("TIMESTAMP");
        column.ty = SqlType::RowVersion;
        column.nullable = false;
    } else {
        (column.ty, column.alias) = column_type(c, Some(catalog))?;
        column.collation = is_character(&column.ty).then_some(catalog.collation);
        if let Some(alias) = column.alias {
            column.nullable = alias != 256 && catalog.types.iter().any(|t| t.id == alias && t.nullable);
        }
        column.nullable &= column.ty != SqlType::RowVersion;
    }
    attributes(c, &mut column, elements)?;
    if column.identity.is_some() {
        column.nullable = false;
    }
    table.columns.push(column);
    Ok(())
}

fn attributes(
    c: &mut Cursor<'_>,
    column: &mut ColumnDef,
    elements: &mut Vec<Element>,
) -> Result<(), SqlError> {
    loop {
        let constraint = if c.accept("CONSTRAINT") { Some(c.name()?) } else { None };
        if c.accept("NOT NULL") {
            column.nullable = false;
        } else if c.accept("NULL") {
            column.nullable = true;
        } else if c.accept("NOT FOR REPLICATION") || c.accept("FILESTREAM") {
        } else if c.accept("COLLATE") {
            let name = c.name()?;
            let found = collation::find(&name)
                .ok_or_else(|| error(448, 16, format!("Invalid collation '{name}'.")))?;
            column.collation = Some(found);
        } else if c.accept("IDENTITY") {
            let mut identity = Identity { seed: 1, increment: 1 };
            if c.accept("(") {
                identity.seed = c.integer()?;
                c.expect(",")?;
                identity.increment = c.integer()?;
                c.expect(")")?;
            }
            column.identity = Some(identity);
        } else if c.accept("ROWGUIDCOL") {
            column.rowguidcol = true;
        } else if c.accept("SPARSE") {
            column.sparse = true;
        } else if c.accept("PERSISTED") {
            column.computed.iter_mut().for_each(|k| k.persisted = true);
        } else if c.accept("DEFAULT") {
            let value = expr::parse(c)?;
            elements.push(Element::Default { name: constraint, value, column: column.name.clone() });
            c.accept("WITH VALUES");
        } else if c.accept("CHECK") {
            elements.push(check(c, constraint, Some(&column.name))?);
        } else if c.is("FOREIGN KEY REFERENCES") || c.is("REFERENCES") {
            c.accept("FOREIGN KEY");
            elements.push(foreign_key(c, constraint, vec![column.name.clone()])?);
        } else if let Some(e) = key(c, constraint.clone(), Some(&column.name))? {
            if matches!(e, Element::Key { primary: true, .. }) {
                column.nullable = false;
            }
            elements.push(e);
        } else if constraint.is_some() {
            return Err(c.wrong());
        } else if c.is(",") || c.is(")") || c.done() || c.is(";") || c.peek().is_none() {
            return Ok(());
        } else if c.is("MASKED") || c.is("GENERATED") || c.is("ENCRYPTED") || c.is("INDEX") || c.is("HIDDEN")
        {
            return Err(unknown("this attribute of a column"));
        } else {
            return Ok(());
        }
    }
}

/// Adds a constraint or an index to the declaration.
pub(crate) fn add(
    catalog: &mut Catalog,
    table: &mut TableDef,
    e: Element,
    unchecked: bool,
) -> Result<(), SqlError> {
    match e {
        Element::Key { name, primary, clustered, columns, fill, ignore_dup } => {
            if primary && table.primary_key().is_some() {
                return Err(error(
                    1779,
                    16,
                    format!("Table '{}' already has a primary key defined on it.", table.name),
                ));
            }
            let (object_id, _) = catalog.new_object();
            let has_clustered = table.indexes.iter().any(|i| i.clustered);
            let clustered = clustered.unwrap_or(primary && !has_clustered);
            let system_named = name.is_none();
            let name = match name {
                Some(n) => n,
                None => key_name(if primary { "PK" } else { "UQ" }, &table.name, object_id),
            };
            super::objects::check_free(catalog, &table.schema, &name)?;
            if primary {
                for (column, _) in &columns {
                    let found = table.columns.iter_mut().find(|k| same(&k.name, column));
                    found.into_iter().for_each(|k| k.nullable = false);
                }
            }
            let kind = if primary { IndexKind::PrimaryKey } else { IndexKind::UniqueConstraint };
            let index =
                Index { name, unique: true, clustered, columns, fill, ignore_dup, ..Index::default() };
            add_index(table, index, kind, object_id, system_named)
        }
        Element::Index(index) => add_index(table, index, IndexKind::Index, 0, false),
        Element::Check { name, condition, column } => {
            let parent = column.map_or(Ok(0), |n| column_id(table, &n))?;
            let made = constraint_of(catalog, table, ("CK", parent), name, &condition)?;
            table.checks.push(Constraint { not_trusted: unchecked, ..made });
            Ok(())
        }
        Element::Default { name, value, column } => {
            let parent = column_id(table, &column)?;
            let made = constraint_of(catalog, table, ("DF", parent), name, &value)?;
            let target = table.columns.iter_mut().find(|k| k.id == parent);
            match target {
                Some(k) if k.default.is_none() => {
                    k.default = Some(made);
                    Ok(())
                }
                _ => Err(error(1781, 16, "Column already has a DEFAULT bound to it.".to_owned())),
            }
        }
        Element::ForeignKey(key) => add_foreign_key(catalog, table, key, unchecked),
    }
}

fn column_id(table: &TableDef, name: &str) -> Result<i32, SqlError> {
    table.column(name).map(|k| k.id).ok_or_else(|| {
        error(1911, 16, format!("Column name '{name}' does not exist in the target table or view."))
    })
}

fn constraint_of(
    catalog: &mut Catalog,
    table: &TableDef,
    (prefix, parent): (&str, i32),
    name: Option<String>,
    e: &Expr,
) -> Result<Constraint, SqlError> {
    let (object_id, _) = catalog.new_object();
    let system_named = name.is_none();
    let name = name.unwrap_or_else(|| {
        let column = table.column_by_id(parent).map_or("", |k| &k.name);
        format!("{prefix}__{}__{}__{:08X}", cut(&table.name, 9), cut(column, 9), spread(object_id) >> 32)
    });
    super::objects::check_free(catalog, &table.schema, &name)?;
    Ok(Constraint {
        object_id,
        name,
        system_named,
        definition: expr::definition(e),
        parent_column_id: parent,
        disabled: false,
        not_trusted: false,
    })
}

fn cut(name: &str, n: usize) -> String {
    name.chars().take(n).collect()
}

/// PK__Orders__1A2B…: as SQL Server names them, with digits made from the object id.
fn key_name(prefix: &str, table: &str, object_id: i32) -> String {
    format!("{prefix}__{}__{:016X}", cut(table, 8), spread(object_id))
}

fn spread(object_id: i32) -> u64 {
    u64::from(object_id.unsigned_abs()).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

pub(crate) fn add_index(
    table: &mut TableDef,
    index: Index,
    kind: IndexKind,
    object_id: i32,
    system_named: bool,
) -> Result<(), SqlError> {
    if table.indexes.iter().any(|i| same(&i.name, &index.name)) {
        return Err(error(
            1913,
            16,
            format!(
                "The operation failed because an index or statistics with name '{}' already exists on table '{}'.",
                index.name, table.name
            ),
        ));
    }
    if index.clustered && table.indexes.iter().any(|i| i.clustered) {
        return Err(error(
            1902,
            16,
            format!("Cannot create more than one clustered index on table '{}'.", table.name),
        ));
    }
    let keys = index
        .columns
        .iter()
        .map(|(name, descending)| {
            Ok(IndexColumn { column_id: column_id(table, name)?, descending: *descending })
        })
        .collect::<Result<Vec<_>, SqlError>>()?;
    let included = index.included.iter().map(|n| column_id(table, n)).collect::<Result<Vec<_>, _>>()?;
    let id =
        if index.clustered { 1 } else { table.indexes.iter().map(|i| i.id).max().unwrap_or(1).max(1) + 1 };
    table.indexes.push(IndexDef {
        id,
        name: index.name,
        kind,
        object_id,
        system_named,
        unique: index.unique,
        clustered: index.clustered,
        keys,
        included,
        filter: index.filter.as_ref().map(expr::definition),
        fill_factor: index.fill,
        ignore_dup_key: index.ignore_dup,
        disabled: false,
    });
    table.indexes.sort_by_key(|i| i.id);
    Ok(())
}

fn add_foreign_key(
    catalog: &mut Catalog,
    table: &mut TableDef,
    key: ForeignKey,
    unchecked: bool,
) -> Result<(), SqlError> {
    let (schema, name) = &key.referenced;
    let itself = same(name, &table.name) && same(schema.as_deref().unwrap_or("dbo"), &table.schema);
    let there = if itself {
        TableDef::clone(table)
    } else {
        let found = catalog
            .table(schema.as_deref(), name)
            .ok_or_else(|| error(1767, 16, format!("Foreign key references invalid table '{name}'.")))?;
        TableDef::clone(found)
    };
    let names = if key.there.is_empty() {
        let primary = there.primary_key().ok_or_else(|| {
            error(1773, 16, format!("Foreign key has implicit reference to object '{name}' which does not have a primary key defined on it."))
        })?;
        primary.keys.iter().filter_map(|k| there.column_by_id(k.column_id)).map(|k| k.name.clone()).collect()
    } else {
        key.there
    };
    if names.len() != key.columns.len() {
        return Err(error(
            8139,
            16,
            "Number of referencing columns in foreign key differs from number of referenced columns."
                .to_owned(),
        ));
    }
    let mut columns = Vec::new();
    for (here, far) in key.columns.iter().zip(&names) {
        columns.push((column_id(table, here)?, column_id(&there, far)?));
    }
    let mut wanted: Vec<i32> = columns.iter().map(|(_, far)| *far).collect();
    wanted.sort_unstable();
    let index = there.indexes.iter().find(|i| {
        let mut keys: Vec<i32> = i.keys.iter().map(|k| k.column_id).collect();
        keys.sort_unstable();
        i.unique && i.filter.is_none() && keys == wanted
    });
    let key_index_id = index.map(|i| i.id).ok_or_else(|| {
        error(1776, 16, format!("There are no primary or candidate keys in the referenced table '{name}' that match the referencing column list in the foreign key."))
    })?;
    let (object_id, _) = catalog.new_object();
    let system_named = key.name.is_none();
    let name = key.name.unwrap_or_else(|| {
        format!("FK__{}__{}__{:08X}", cut(&table.name, 9), cut(&key.columns[0], 9), spread(object_id) >> 32)
    });
    super::objects::check_free(catalog, &table.schema, &name)?;
    table.foreign_keys.push(ForeignKeyDef {
        object_id,
        name,
        system_named,
        columns,
        referenced: there.object_id,
        key_index_id,
        on_delete: key.on_delete,
        on_update: key.on_update,
        disabled: false,
        not_trusted: unchecked,
        not_for_replication: key.not_for_replication,
    });
    Ok(())
}
