//! Data made by rule: a company database of any size, and single tables for benchmarks. The same options give the
//! same bytes, whatever the machine: all randomness is ChaCha8 seeded from the options and the table's number.
//!
//! Declarations go through the loader as T-SQL; rows go straight into SQLite in the stored forms, made on one thread
//! and written on another.

use std::fmt::Write as _;
use std::sync::mpsc::sync_channel;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::catalog::{TableDef, quote, same};
use crate::engine::{Engine, error, storage_error};
use crate::results::SqlError;
use crate::storage::Stored;

mod bench;
mod company;
#[cfg(test)]
mod tests;
mod values;

use values::Maker;

/// How much to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GenerateOptions {
    /// Number of tables, at least 1.
    pub tables: u32,
    /// Rows of all tables together; reached to within one row a table.
    pub rows: u64,
    pub seed: u64,
}

/// One table to make: its name, its rows, and its columns as T-SQL declares them.
#[derive(Debug, Clone)]
pub struct TableSpec {
    pub schema: String,
    pub name: String,
    /// What stands between the parentheses of CREATE TABLE.
    pub columns: String,
    pub rows: u64,
    pub seed: u64,
    pub content: Content,
}

/// What is in the rows beside what the types say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// NULLs among so many values of a column that allows them.
    pub nulls: (u32, u32),
    /// Bytes of each varbinary(max); None: a few.
    pub long: Option<usize>,
}

impl Default for Content {
    fn default() -> Self {
        Self { nulls: (1, 8), long: None }
    }
}

impl TableSpec {
    /// The reference table of the benchmarks: ten mixed columns, about 130 bytes a row.
    #[must_use]
    pub fn reference(name: &str, rows: u64, seed: u64) -> Self {
        Self {
            schema: "dbo".to_owned(),
            name: name.to_owned(),
            columns: format!(
                "[id] int NOT NULL CONSTRAINT [PK_{name}] PRIMARY KEY, [amount] bigint NOT NULL, [title] nvarchar(50) NOT NULL, \
                 [code] varchar(30) NOT NULL, [at] datetime2(3) NOT NULL, [price] decimal(18,4) NOT NULL, [active] bit NOT NULL, \
                 [ref] uniqueidentifier NOT NULL, [ratio] float NOT NULL, [note] nvarchar(50) NULL"
            ),
            rows,
            seed,
            content: Content::default(),
        }
    }
}

/// Makes the company: schemas, tables, keys, rows, in the default database.
///
/// # Errors
/// 50999 for no tables; else what the loader or the store says.
pub fn company(engine: &Engine, options: &GenerateOptions) -> Result<(), SqlError> {
    if options.tables == 0 {
        return Err(error(50999, 16, "a company needs at least one table".to_owned()));
    }
    let plan = company::plan(options);
    engine.load_script(&plan.declarations)?;
    let catalog = engine.catalog(engine.default_database())?;
    let mut jobs = Vec::new();
    for (n, t) in (1..).zip(&plan.tables) {
        let table = catalog.table(Some(&t.schema), &t.name).ok_or_else(|| missing(&t.name))?;
        jobs.push(Job {
            table: TableDef::clone(table),
            rows: t.rows,
            seed: options.seed.wrapping_mul(1_000_003).wrapping_add(n),
            content: Content::default(),
        });
    }
    let parents = plan
        .tables
        .iter()
        .map(|t| (catalog.table(Some(&t.schema), &t.name).map_or(0, |d| d.object_id), t.rows))
        .collect();
    fill(engine, &jobs, &parents)
}

/// Makes one table.
///
/// # Errors
/// What the loader or the store says.
pub fn table(engine: &Engine, spec: &TableSpec) -> Result<(), SqlError> {
    tables(engine, std::slice::from_ref(spec))
}

/// Makes tables, declared in one go.
///
/// # Errors
/// What the loader or the store says.
pub fn tables(engine: &Engine, specs: &[TableSpec]) -> Result<(), SqlError> {
    let mut sql = String::new();
    for spec in specs {
        // Writing to a String cannot fail.
        let _ = writeln!(sql, "CREATE TABLE [{}].[{}] ({});", spec.schema, spec.name, spec.columns);
    }
    engine.load_script(&sql)?;
    let catalog = engine.catalog(engine.default_database())?;
    let (mut jobs, mut parents) = (Vec::new(), Parents::new());
    for spec in specs {
        let table = catalog.table(Some(&spec.schema), &spec.name).ok_or_else(|| missing(&spec.name))?;
        parents.insert(table.object_id, spec.rows);
        let table = TableDef::clone(table);
        jobs.push(Job { table, rows: spec.rows, seed: spec.seed, content: spec.content });
    }
    fill(engine, &jobs, &parents)
}

fn missing(name: &str) -> SqlError {
    error(208, 16, format!("Invalid object name '{name}'."))
}

/// Rows of each table, by object id: what a foreign key may point to.
type Parents = std::collections::HashMap<i32, u64>;

/// One table to fill.
struct Job {
    table: TableDef,
    rows: u64,
    seed: u64,
    content: Content,
}

/// Rows on their way from the maker to the writer.
struct Batch {
    table: usize,
    cells: Vec<Stored>,
}

const BATCH_ROWS: u64 = 1000;

fn fill(engine: &Engine, jobs: &[Job], parents: &Parents) -> Result<(), SqlError> {
    let database = engine.database(engine.default_database())?;
    let mut conn = engine.connection(&database.name)?;
    let failed = |e: rusqlite::Error| storage_error(&e);
    // No journal while nobody else looks: the file goes away with the engine anyway.
    let fast = conn.query_row("PRAGMA main.journal_mode = OFF", [], |r| r.get::<_, String>(0));
    let fast = fast.is_ok_and(|m| same(&m, "off"));
    let collation = database.catalog().collation;
    let (to, from) = sync_channel::<Batch>(16);
    std::thread::scope(|s| {
        s.spawn(move || {
            for (n, job) in jobs.iter().enumerate() {
                let random = ChaCha8Rng::seed_from_u64(job.seed);
                let mut maker = Maker::new(&job.table, parents, job.rows, collation, random);
                maker.content = job.content;
                let batch = if job.content.long.is_some() { 1 } else { BATCH_ROWS };
                let mut row = 0;
                while row < job.rows {
                    let until = (row + batch).min(job.rows);
                    let mut cells = Vec::new();
                    for i in row..until {
                        maker.row(i, &mut cells);
                    }
                    // The writer is gone only when it failed, and then says so itself.
                    if to.send(Batch { table: n, cells }).is_err() {
                        return;
                    }
                    row = until;
                }
            }
        });
        write(&mut conn, jobs, from)
    })?;
    if fast {
        conn.query_row("PRAGMA main.journal_mode = WAL", [], |_| Ok(())).map_err(failed)?;
    }
    for Job { table, rows, .. } in jobs {
        if let Some(identity) = table.columns.iter().find_map(|c| c.identity).filter(|_| *rows > 0) {
            let last = identity.seed + identity.increment * (i128::from(*rows) - 1);
            database.counters().identities.insert(table.object_id, last);
        }
        if table.columns.iter().any(|c| c.ty == crate::types::SqlType::RowVersion) {
            database.counters().rowversion += rows;
        }
        database.written(table.object_id);
    }
    Ok(())
}

fn write(
    conn: &mut rusqlite::Connection,
    jobs: &[Job],
    batches: std::sync::mpsc::Receiver<Batch>,
) -> Result<(), SqlError> {
    let failed = |e: rusqlite::Error| storage_error(&e);
    let transaction =
        conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
    {
        let mut current: Option<(usize, rusqlite::Statement<'_>)> = None;
        for batch in batches {
            let table = &jobs[batch.table].table;
            let statement = match current.take() {
                Some((n, s)) if n == batch.table => s,
                _ => {
                    let names: Vec<_> = table.columns.iter().map(|c| quote(&c.name)).collect();
                    let marks = vec!["?"; names.len()].join(", ");
                    let sql = format!(
                        "INSERT INTO {} ({}) VALUES ({marks})",
                        table.sqlite_name(),
                        names.join(", ")
                    );
                    transaction.prepare(&sql).map_err(failed)?
                }
            };
            let (_, statement) = current.insert((batch.table, statement));
            for row in batch.cells.chunks(table.columns.len()) {
                for (i, cell) in (1..).zip(row) {
                    statement.raw_bind_parameter(i, cell).map_err(failed)?;
                }
                statement.raw_execute().map_err(failed)?;
            }
        }
    }
    transaction.commit().map_err(failed)
}
