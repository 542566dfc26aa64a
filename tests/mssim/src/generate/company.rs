//! What the company declares: schemas, tables of several kinds, keys, and how many rows each gets.

use std::fmt::Write as _;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::GenerateOptions;

/// A table and its share of the rows.
pub(super) struct Planned {
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) rows: u64,
    /// Type of the key column `Id` where others may point to it.
    key: Option<&'static str>,
}

pub(super) struct Plan {
    pub(super) declarations: String,
    pub(super) tables: Vec<Planned>,
}

const SCHEMAS: &[&str] = &["dbo", "sales", "hr", "inventory", "finance", "web", "log"];
const NOUNS: &[&str] = &[
    "Customer",
    "Order",
    "Product",
    "Employee",
    "Invoice",
    "Payment",
    "Shipment",
    "Warehouse",
    "Supplier",
    "Contract",
    "Session",
    "Event",
    "Ticket",
    "Campaign",
    "Account",
    "Ledger",
    "Asset",
    "Region",
    "Branch",
    "Price",
];
const SUFFIXES: &[&str] =
    &["", "Detail", "History", "Type", "Note", "Link", "Summary", "Archive", "Line", "Status"];
/// Names that need quoting.
const ODD: &[&str] = &["Order Details", "User", "Group", "Sales-2024", "Größe", "select"];

/// Columns to choose from, each at most once in a table.
const COLUMNS: &[&str] = &[
    "[Title] nvarchar(80) NOT NULL",
    "[Code] varchar(20) NULL",
    "[Amount] decimal(18,2) NOT NULL DEFAULT ((0))",
    "[Exact] decimal(38,10) NULL",
    "[Rate] numeric(9,6) NULL",
    "[Price] money NULL",
    "[Fee] smallmoney NULL",
    "[IsActive] bit NOT NULL DEFAULT ((1))",
    "[Level] tinyint NULL",
    "[Rank] smallint NULL",
    "[Quantity] int NOT NULL",
    "[Counter] bigint NULL",
    "[Ratio] float NULL",
    "[Weight] real NULL",
    "[Born] date NULL",
    "[Opens] time(7) NULL",
    "[Created] datetime NOT NULL DEFAULT (getdate())",
    "[Rounded] smalldatetime NULL",
    "[Modified] datetime2(7) NULL",
    "[Seen] datetime2(3) NULL",
    "[Zoned] datetimeoffset(7) NULL",
    "[Country] char(2) NULL",
    "[Sign] nchar(10) NULL",
    "[Remarks] nvarchar(max) NULL",
    "[Raw] varchar(max) NULL",
    "[Hash] binary(16) NULL",
    "[Small] varbinary(50) NULL",
    "[Picture] varbinary(max) NULL",
    "[Token] uniqueidentifier NULL",
    "[Document] xml NULL",
    "[Version] rowversion",
    "[order by] int NULL",
];

/// Schemas, tables and rows of the options.
pub(super) fn plan(o: &GenerateOptions) -> Plan {
    let mut rng = ChaCha8Rng::seed_from_u64(o.seed);
    let mut declarations = String::new();
    for schema in &SCHEMAS[1..] {
        // Writing to a String cannot fail.
        let _ = writeln!(declarations, "CREATE SCHEMA [{schema}]\nGO");
    }
    let mut tables: Vec<Planned> = Vec::new();
    let shares = shares(o, &mut rng);
    for (n, rows) in shares.into_iter().enumerate() {
        let schema = SCHEMAS[rng.random_range(0..SCHEMAS.len())];
        let name = name(n, &tables, schema);
        let planned = declare(&mut declarations, &mut rng, (n, schema, name), rows, &tables);
        tables.push(planned);
    }
    Plan { declarations, tables }
}

/// Rows of each table: every twentieth is empty; the rest falls off as a power of its rank, in shuffled order.
fn shares(o: &GenerateOptions, rng: &mut ChaCha8Rng) -> Vec<u64> {
    let count = usize::try_from(o.tables).unwrap_or(usize::MAX);
    let empty = |n: usize| n % 20 == 19;
    // Integer weights: floating point could differ from machine to machine.
    let mut weights: Vec<u64> = (0..count)
        .map(|n| if empty(n) { 0 } else { 1_000_000 / (u64::try_from(n).unwrap_or(0) + 4) })
        .collect();
    for i in (1..count).rev() {
        weights.swap(i, rng.random_range(0..=i));
    }
    let total: u64 = weights.iter().sum::<u64>().max(1);
    weights
        .into_iter()
        .map(|w| u64::try_from(u128::from(o.rows) * u128::from(w) / u128::from(total)).unwrap_or(0))
        .collect()
}

fn name(n: usize, tables: &[Planned], schema: &str) -> String {
    let base = match n % 37 {
        7 => ODD[(n / 37) % ODD.len()].to_owned(),
        _ => format!("{}{}", NOUNS[n % NOUNS.len()], SUFFIXES[(n / NOUNS.len()) % SUFFIXES.len()]),
    };
    let taken = |name: &str| tables.iter().any(|t| t.schema == schema && t.name.eq_ignore_ascii_case(name));
    if taken(&base) { format!("{base}{n}") } else { base }
}

fn declare(
    out: &mut String,
    rng: &mut ChaCha8Rng,
    (n, schema, name): (usize, &str, String),
    rows: u64,
    before: &[Planned],
) -> Planned {
    let mut lines = Vec::new();
    let mut tail = Vec::new();
    let pk = format!("CONSTRAINT [PK_{schema}_{name}] PRIMARY KEY");
    let key = match n % 12 {
        // No key at all: a heap.
        5 => None,
        // Composite: the last column tells rows apart.
        3 => {
            lines.push("[Region] smallint NOT NULL".to_owned());
            lines.push("[Id] int NOT NULL".to_owned());
            tail.push(format!("{pk} CLUSTERED ([Region], [Id])"));
            None
        }
        7 => {
            lines.push(format!("[Id] varchar(40) NOT NULL {pk}"));
            Some("varchar(40)")
        }
        9 => {
            lines.push(format!("[Id] uniqueidentifier ROWGUIDCOL NOT NULL {pk} NONCLUSTERED"));
            Some("uniqueidentifier")
        }
        11 => {
            lines.push(format!("[Id] bigint IDENTITY(1000,1) NOT NULL {pk}"));
            None
        }
        _ => {
            lines.push(format!("[Id] int IDENTITY(1,1) NOT NULL {pk}"));
            Some("int")
        }
    };
    let chosen = rng.random_range(4..12);
    let start = rng.random_range(0..COLUMNS.len());
    let step = [1, 3, 5, 7, 9, 11][rng.random_range(0..6)];
    let columns: Vec<&str> = (0..chosen).map(|i| COLUMNS[(start + i * step) % COLUMNS.len()]).collect();
    lines.extend(columns.iter().map(|c| (*c).to_owned()));
    // Foreign keys point backwards, so that there is no cycle; some tables point to themselves.
    let candidates: Vec<&Planned> =
        before.iter().filter(|t| t.key.is_some() && (t.rows > 0 || rows == 0)).collect();
    for i in 0..rng.random_range(0..3_usize).min(candidates.len()) {
        let parent = candidates[rng.random_range(0..candidates.len())];
        let ty = parent.key.unwrap_or("int");
        lines.push(format!(
            "[Ref{i}] {ty} {}",
            if rows == 0 || rng.random_ratio(1, 2) { "NULL" } else { "NOT NULL" }
        ));
        tail.push(format!(
            "CONSTRAINT [FK_{schema}_{name}_{i}] FOREIGN KEY ([Ref{i}]) REFERENCES [{}].[{}] ([Id])",
            parent.schema, parent.name
        ));
    }
    if n % 12 == 4 {
        lines.push("[Parent] int NULL".to_owned());
        tail.push(format!("CONSTRAINT [FK_{schema}_{name}_self] FOREIGN KEY ([Parent]) REFERENCES [{schema}].[{name}] ([Id])"));
    }
    if n % 9 == 2 {
        lines.push("[Number] bigint NOT NULL".to_owned());
        tail.push(format!("CONSTRAINT [UQ_{schema}_{name}] UNIQUE ([Number])"));
    }
    lines.extend(tail);
    // Writing to a String cannot fail.
    let _ = writeln!(out, "CREATE TABLE [{schema}].[{name}] (\n  {}\n)\nGO", lines.join(",\n  "));
    indexes(out, (n, schema, &name), &columns);
    Planned { schema: schema.to_owned(), name, rows, key }
}

/// Secondary indexes on columns that can have one.
fn indexes(out: &mut String, (n, schema, name): (usize, &str, &str), columns: &[&str]) {
    let has = |wanted: &str| columns.iter().any(|c| c.starts_with(wanted));
    let mut add = |unique: &str, column: &str, more: &str| {
        let _ = writeln!(
            out,
            "CREATE {unique}INDEX [IX_{name}_{column}] ON [{schema}].[{name}] ([{column}]{more}\nGO"
        );
    };
    if has("[Code]") {
        add("", "Code", ")");
    }
    if has("[Created]") && has("[Title]") {
        add("", "Created", " DESC) INCLUDE ([Title])");
    }
    if has("[Quantity]") && n % 3 == 0 {
        add("", "Quantity", if has("[Rank]") { ", [Rank] DESC)" } else { ") WHERE [Quantity] > 10" });
    }
}
