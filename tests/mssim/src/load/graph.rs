//! Node and edge tables: their internal columns and their ids.

use crate::catalog::graph::{
    FROM_ID, FROM_ID_COMPUTED, FROM_OBJ_ID, ID, ID_COMPUTED, TO_ID, TO_ID_COMPUTED, TO_OBJ_ID,
};
use crate::catalog::{
    Catalog, ColumnDef, Graph, IndexColumn, IndexDef, IndexForm, IndexKind, TableDef, same,
};
use crate::engine::{Database, error, unknown};
use crate::load::lex::Cursor;
use crate::results::SqlError;
use crate::types::{Len, SqlType};
use crate::value::Value;

/// 13908.
pub(crate) fn internal(column: &str) -> SqlError {
    error(13908, 16, format!("Cannot access internal graph column '{column}'."))
}

/// Whether `AS NODE` or `AS EDGE` stands behind the list of columns that is next.
pub(crate) fn ahead(c: &Cursor<'_>) -> Option<Graph> {
    let (mut depth, mut at) = (0_i32, 0);
    loop {
        let symbol = c.peek_at(at)?.text.as_str();
        match symbol {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        if depth == 0 && symbol != ")" {
            break;
        }
        at += 1;
        if depth == 0 {
            break;
        }
    }
    let word = |ahead: usize, word: &str| c.peek_at(ahead).is_some_and(|t| t.text.eq_ignore_ascii_case(word));
    if !word(at, "AS") {
        return None;
    }
    match (word(at + 1, "NODE"), word(at + 1, "EDGE")) {
        (true, _) => Some(Graph::Node),
        (_, true) => Some(Graph::Edge),
        _ => None,
    }
}

/// Gives a table the columns that stand before its own, and their index.
pub(crate) fn begin(catalog: &Catalog, table: &mut TableDef, kind: Graph) {
    table.graph = Some(kind);
    let seed = u64::from(table.object_id.unsigned_abs());
    let mut n = 0_u64;
    let mut hex = || {
        n += 1;
        let half = |by: u64| (seed + n * 7_919).wrapping_mul(by);
        format!("{:016X}{:016X}", half(0x9E37_79B9_7F4A_7C15), half(0xC2B2_AE3D_27D4_EB4F))
    };
    let text = SqlType::NVarChar(Len::Limited(1000));
    let mut add = |name: &str, ty: SqlType, graph_type: u8, nullable: bool| {
        table.max_column_id += 1;
        let shown = matches!(graph_type, ID_COMPUTED | FROM_ID_COMPUTED | TO_ID_COMPUTED);
        table.columns.push(ColumnDef {
            id: table.max_column_id,
            name: format!("{name}_{}", hex()),
            ty,
            nullable,
            collation: shown.then_some(catalog.collation),
            hidden: !shown,
            graph_type,
            ..ColumnDef::default()
        });
    };
    add("graph_id", SqlType::BigInt, ID, false);
    if kind == Graph::Node {
        add("$node_id", text, ID_COMPUTED, false);
    } else {
        add("$edge_id", text, ID_COMPUTED, false);
        add("from_obj_id", SqlType::Int, FROM_OBJ_ID, true);
        add("from_id", SqlType::BigInt, FROM_ID, true);
        add("$from_id", text, FROM_ID_COMPUTED, true);
        add("to_obj_id", SqlType::Int, TO_OBJ_ID, true);
        add("to_id", SqlType::BigInt, TO_ID, true);
        add("$to_id", text, TO_ID_COMPUTED, true);
    }
    table.indexes.push(IndexDef {
        id: 2,
        name: format!("GRAPH_UNIQUE_INDEX_{}", hex()),
        kind: IndexKind::Index,
        object_id: 0,
        system_named: true,
        unique: true,
        clustered: false,
        keys: vec![IndexColumn { column_id: 1, descending: false }],
        included: Vec::new(),
        filter: None,
        fill_factor: 0,
        ignore_dup_key: false,
        disabled: false,
        form: IndexForm::Rows,
        partitioned: None,
    });
}

/// `$from_id` or `$to_id`: the graph columns that an INSERT gives.
pub(crate) fn is_end(column: &ColumnDef) -> bool {
    matches!(column.graph_type, FROM_ID_COMPUTED | TO_ID_COMPUTED)
}

/// What may not be given by a statement.
pub(crate) fn writable(column: &ColumnDef) -> Result<(), SqlError> {
    if column.is_internal() {
        return Err(internal(&column.name));
    }
    if column.graph_type == ID_COMPUTED {
        return Err(error(
            271,
            16,
            format!(
                "The column \"{}\" cannot be modified because it is either a computed column or is the result of a UNION operator.",
                column.name
            ),
        ));
    }
    Ok(())
}

fn id_text(kind: Graph, table: &TableDef, id: i64) -> Value {
    let kind = if kind == Graph::Node { "node" } else { "edge" };
    let text = serde_json::json!({ "schema": table.schema, "table": table.name });
    Value::Text(
        format!(
            "{{\"type\":\"{kind}\",\"schema\":{},\"table\":{},\"id\":{id}}}",
            text["schema"], text["table"]
        )
        .into_bytes(),
    )
}

/// The node that a text like `{"type":"node","schema":"dbo","table":"Person","id":0}` means.
fn node<'k>(catalog: &'k Catalog, text: &Value) -> Option<(&'k TableDef, i64)> {
    let Value::Text(text) = text else { return None };
    let given: serde_json::Value = serde_json::from_slice(text).ok()?;
    let part = |name: &str| given.get(name).and_then(serde_json::Value::as_str);
    let id = given.get("id")?.as_i64()?;
    let (schema, name) = (part("schema")?, part("table")?);
    let of = |t: &&std::sync::Arc<TableDef>| same(&t.name, name) && same(&t.schema, schema);
    let found = catalog.tables.iter().find(of).filter(|t| t.graph == Some(Graph::Node))?;
    (part("type")? == "node").then_some((found, id))
}

/// Fills the graph columns of a row that is about to be written.
pub(crate) fn complete(
    database: &Database,
    catalog: &Catalog,
    table: &TableDef,
    row: &mut [Value],
) -> Result<(), SqlError> {
    let Some(kind) = table.graph else { return Ok(()) };
    let place = |wanted: u8| table.columns.iter().position(|c| c.graph_type == wanted);
    let (Some(id), Some(shown)) = (place(ID), place(ID_COMPUTED)) else {
        return Err(unknown("this graph table"));
    };
    if row[id] == Value::Null {
        let mut counters = database.counters();
        let next = counters.graph_ids.entry(table.object_id).or_default();
        row[id] = Value::Int(*next);
        row[shown] = id_text(kind, table, *next);
        *next += 1;
    }
    if kind == Graph::Node {
        return Ok(());
    }
    for (name, text, object, node_id) in
        [("$from_id", FROM_ID_COMPUTED, FROM_OBJ_ID, FROM_ID), ("$to_id", TO_ID_COMPUTED, TO_OBJ_ID, TO_ID)]
    {
        let places = (place(text), place(object), place(node_id));
        let (Some(text), Some(object), Some(node_id)) = places else {
            return Err(unknown("this edge table"));
        };
        let Some((of, id)) = node(catalog, &row[text]) else {
            return Err(unknown(format_args!("{name} of table '{}' that is no id of a node", table.name)));
        };
        row[object] = Value::Int(i64::from(of.object_id));
        row[node_id] = Value::Int(id);
        row[text] = id_text(Graph::Node, of, id);
    }
    Ok(())
}
