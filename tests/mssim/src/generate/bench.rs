//! The tables of the benchmarks beside `reference`: each a shape of rows that costs something else.

use std::fmt::Write as _;

use super::{Content, TableSpec};

/// Columns of `wide` beside its key: eleven types, over and over.
const WIDE: [&str; 11] = [
    "int NOT NULL",
    "bigint NULL",
    "nvarchar(20) NULL",
    "varchar(20) NOT NULL",
    "datetime2(3) NULL",
    "decimal(18,4) NULL",
    "bit NOT NULL",
    "uniqueidentifier NULL",
    "float NOT NULL",
    "date NULL",
    "smallint NOT NULL",
];
/// And of `nulls`.
const NULLS: [&str; 8] =
    ["int", "bigint", "nvarchar(50)", "varchar(30)", "datetime2(3)", "decimal(18,4)", "float", "bit"];

impl TableSpec {
    /// The names that [`TableSpec::bench`] knows.
    pub const BENCH: [&str; 6] = ["narrow", "wide", "text", "lob", "nulls", "datetimes"];

    /// `dbo.NAME` of one of these shapes: `narrow` two integers; `wide` 300 columns; `text` 1 024 characters of nvarchar;
    /// `lob` 1 MiB of varbinary(max); `nulls` 40 columns, nine of ten values NULL; `datetimes` every type of date and
    /// time. Each has the clustered key `id`.
    #[must_use]
    pub fn bench(name: &str, rows: u64, seed: u64) -> Option<Self> {
        let mut content = Content::default();
        let columns = match name {
            "narrow" => "[value] int NOT NULL".to_owned(),
            "wide" => numbered(WIDE.iter().cycle().take(299), ""),
            "text" => "[body] nvarchar(1024) NOT NULL".to_owned(),
            "lob" => {
                content.long = Some(1 << 20);
                "[body] varbinary(max) NOT NULL".to_owned()
            }
            "nulls" => {
                content.nulls = (9, 10);
                numbered(NULLS.iter().cycle().take(40), " NULL")
            }
            "datetimes" => {
                "[day] date NOT NULL, [t0] time(0) NOT NULL, [t3] time(3) NOT NULL, [t7] time(7) NULL, \
                [small] smalldatetime NOT NULL, [old] datetime NOT NULL, [d0] datetime2(0) NOT NULL, \
                [d3] datetime2(3) NULL, [d7] datetime2(7) NOT NULL, [o0] datetimeoffset(0) NOT NULL, \
                [o7] datetimeoffset(7) NULL"
                    .to_owned()
            }
            _ => return None,
        };
        let columns = format!("[id] int NOT NULL CONSTRAINT [PK_{name}] PRIMARY KEY, {columns}");
        Some(Self { schema: "dbo".to_owned(), name: name.to_owned(), columns, rows, seed, content })
    }

    /// `dbo.plain_00001` and so on: tables as small programs have them, with a key and an index.
    #[must_use]
    pub fn plain(tables: u32, rows: u64, seed: u64) -> Vec<Self> {
        let one = |n: u32| {
            let name = format!("plain_{n:05}");
            let columns = format!(
                "[id] int NOT NULL CONSTRAINT [PK_{name}] PRIMARY KEY, [name] nvarchar(50) NOT NULL, \
                 [amount] decimal(18,4) NULL, [at] datetime2(3) NOT NULL, INDEX [IX_{name}] ([at])"
            );
            let seed = seed.wrapping_add(u64::from(n));
            Self { schema: "dbo".to_owned(), name, columns, rows, seed, content: Content::default() }
        };
        (1..=tables).map(one).collect()
    }
}

/// `[c001] TYPE, [c002] TYPE …`
fn numbered<'a>(types: impl Iterator<Item = &'a &'a str>, behind: &str) -> String {
    let mut columns = String::new();
    for (n, ty) in (1..).zip(types) {
        // Writing to a String cannot fail.
        let _ = write!(columns, "{}[c{n:03}] {ty}{behind}", if n > 1 { ", " } else { "" });
    }
    columns
}
