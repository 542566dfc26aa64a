//! CREATE TABLE: the parser of columns and constraints, and the declaration that they make.

use crate::catalog::{Catalog, ColumnDef, Computed, Generated, Identity, TableDef, same};
use crate::collation;
use crate::engine::{error, unknown};
use crate::load::expr;
use crate::load::lex::Cursor;
use crate::load::names::{column_type, is_character};
use crate::load::rows::computed_type;
use crate::load::{crypto, graph, ledger, memory, partition, temporal};

use crate::load::element::{check, foreign_key, key};

pub(crate) use crate::load::constraint::add;
pub(crate) use crate::load::element::{Element, Index, constraint, index_rest, storage_clauses};

use crate::results::SqlError;
use crate::types::SqlType;

/// Parses after CREATE TABLE and makes the declaration in the catalog (object ids are taken from it). The second table
/// is that of the history, where it has to be made.
pub(crate) fn create(
    c: &mut Cursor<'_>,
    catalog: &mut Catalog,
) -> Result<(TableDef, Option<TableDef>), SqlError> {
    let (schema, name) = c.object()?;
    let schema = super::objects::schema_of(catalog, schema.as_deref())?;
    super::objects::check_free(catalog, &schema, &name)?;
    let (object_id, at) = catalog.new_object();
    let mut table = TableDef { object_id, schema, name, created: at, modified: at, ..TableDef::default() };
    let parsed = elements_of(c, catalog, &mut table)?;
    let storage = storage_clauses(c)?;
    memory::place(&mut table, storage.options.memory)?;
    let elements = memory::without_clusters(&table, parsed)?;
    if let Some(on) = &storage.on {
        table.partitioned = Some(partition::placed(catalog, &table, on)?);
    }
    finish(catalog, &mut table, elements)?;
    memory::check(&table)?;
    if let Some(append_only) = storage.options.ledger {
        let history = ledger::begin(catalog, &mut table, append_only, &storage.options)?;
        return Ok((table, history));
    }
    let history = match &storage.options.versioning {
        Some(wanted) => temporal::begin(catalog, &mut table, wanted)?,
        None => None,
    };
    Ok((table, history))
}

/// The list of columns and constraints, and `AS NODE` or `AS EDGE` behind it; an edge may have no list.
fn elements_of(
    c: &mut Cursor<'_>,
    catalog: &Catalog,
    table: &mut TableDef,
) -> Result<Vec<Element>, SqlError> {
    let mut elements = Vec::new();
    let kind = graph::ahead(c);
    if let Some(kind) = kind {
        graph::begin(catalog, table, kind);
    }
    if !(kind.is_some() && c.is("AS")) {
        c.expect("(")?;
        loop {
            if c.accept(")") {
                break;
            }
            if let Some(e) = constraint(c)? {
                elements.push(e);
            } else {
                column(c, catalog, table, &mut elements)?;
            }
            if !c.accept(",") {
                c.expect(")")?;
                break;
            }
        }
    }
    if kind.is_some() {
        c.expect("AS")?;
        c.name()?;
    }
    Ok(elements)
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

/// One column with its constraints.
pub(crate) fn column(
    c: &mut Cursor<'_>,
    catalog: &Catalog,
    table: &mut TableDef,
    elements: &mut Vec<Element>,
) -> Result<(), SqlError> {
    let name = c.name()?;
    if table.columns.iter().any(|k| k.name.eq_ignore_ascii_case(&name) && !same(&k.name, &name)) {
        return Err(unknown("columns whose names differ only in case"));
    }
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
    let mut column = ColumnDef { id: table.max_column_id, name, nullable: true, ..ColumnDef::default() };
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
        column.xml_collection = crypto::collection(c, catalog)?;
        (column.ty, column.alias) = column_type(c, Some(catalog))?;
        column.collation = is_character(&column.ty).then_some(catalog.collation);
        if let Some(alias) = column.alias {
            let declared = catalog.types.iter().find(|t| t.id == alias);
            column.nullable = alias != 256 && declared.is_some_and(|t| t.nullable);
            column.bound_default = declared.map_or(0, |t| t.bound_default);
            column.bound_rule = declared.map_or(0, |t| t.bound_rule);
        }
        column.nullable &= column.ty != SqlType::RowVersion;
    }
    attributes(c, catalog, &mut column, elements)?;
    if column.identity.is_some() {
        column.nullable = false;
    }
    table.columns.push(column);
    Ok(())
}

fn attributes(
    c: &mut Cursor<'_>,
    catalog: &Catalog,
    column: &mut ColumnDef,
    elements: &mut Vec<Element>,
) -> Result<(), SqlError> {
    loop {
        let constraint = if c.accept("CONSTRAINT") { Some(c.name()?) } else { None };
        if c.is("INDEX") {
            elements.extend(super::element::inline_index(c, Some(&column.name))?);
        } else if c.accept("NOT NULL") {
            column.nullable = false;
        } else if c.accept("NULL") {
            column.nullable = true;
        } else if c.accept("NOT FOR REPLICATION") {
        } else if c.accept("FILESTREAM") {
            column.filestream = true;
        } else if c.accept("COLUMN_SET FOR ALL_SPARSE_COLUMNS") {
            column.column_set = true;
        } else if c.accept("ENCRYPTED WITH") {
            column.encryption = Some(crypto::encrypted(c, catalog)?);
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
        } else if c.accept("GENERATED ALWAYS AS ROW") {
            let start = c.accept("START");
            if !start {
                c.expect("END")?;
            }
            column.generated = Some(if start { Generated::Start } else { Generated::End });
            column.nullable = false;
        } else if let Some(which) = ledger::generated(c) {
            column.generated = Some(which);
        } else if c.accept("HIDDEN") {
            column.hidden = true;
        } else if c.accept("MASKED WITH ( FUNCTION =") {
            column.masked = Some(c.string()?);
            c.expect(")")?;
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
        } else if c.is("MASKED") || c.is("GENERATED") {
            return Err(unknown("this attribute of a column"));
        } else {
            return Ok(());
        }
    }
}
