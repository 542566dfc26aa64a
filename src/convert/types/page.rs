//! The table of `docs/reference/type-mapping.md` is made from THE table: one row for every type of `sys.types`, with
//! what [`map`] answers.

use super::*;
use std::fmt::Write as _;

/// Lengths and precisions that stand for `n`, `p` and `s` and occur nowhere else.
const N: i16 = 37;
const P: u8 = 31;
const S: u8 = 4;

/// Type as declared, base name, length in bytes, precision, scale, remark.
pub(super) type Row = (&'static str, &'static str, i16, u8, u8, &'static str);

#[rustfmt::skip] // a table is read by columns
pub(super) const ROWS: [Row; 46] = [
    ("bit", "bit", 1, 1, 0, ""),
    ("tinyint", "tinyint", 1, 3, 0, "unsigned, 0 to 255; PostgreSQL has no type of one byte"),
    ("smallint", "smallint", 2, 5, 0, ""),
    ("int", "int", 4, 10, 0, ""),
    ("bigint", "bigint", 8, 19, 0, ""),
    ("decimal(p,s)", "decimal", 17, P, S, "exact, up to 38 digits; `bigint` for whole numbers of up to 18 digits"),
    ("numeric(p,s)", "numeric", 17, P, S, "the same type"),
    ("money", "money", 8, 19, 4, "exact"),
    ("smallmoney", "smallmoney", 4, 10, 4, "exact"),
    ("real, float(1..24)", "real", 4, 24, 0, "bit for bit; SQL Server has no NaN and no infinity, PostgreSQL could hold them"),
    ("float, float(25..53)", "float", 8, 53, 0, "bit for bit"),
    ("char(n)", "char", N, 0, 0, "n bytes become n characters; padded with blanks on both sides"),
    ("nchar(n)", "nchar", N * 2, 0, 0, "n UTF-16 units become n characters; padded with blanks on both sides"),
    ("varchar(n)", "varchar", N, 0, 0, "n bytes become n characters: never too short"),
    ("nvarchar(n)", "nvarchar", N * 2, 0, 0, "n UTF-16 units become n characters: never too short"),
    ("varchar(max)", "varchar", -1, 0, 0, "a value of up to 1 GiB that fits the memory (`--memory`): it is collected whole"),
    ("nvarchar(max)", "nvarchar", -1, 0, 0, "a value of up to 1 GiB that fits the memory (`--memory`): it is collected whole"),
    ("sysname", "sysname", 256, 0, 0, "an nvarchar(128)"),
    ("binary(n)", "binary", N, 0, 0, "as `text`: two hex digits a byte"),
    ("varbinary(n)", "varbinary", N, 0, 0, "as `text`: two hex digits a byte"),
    ("varbinary(max)", "varbinary", -1, 0, 0, "a value of up to 1 GiB, passed on while it is read"),
    ("rowversion, timestamp", "timestamp", 8, 0, 0, "the eight bytes as they are; PostgreSQL does not count them up; as `bigint` the same number, below 2^63"),
    ("date", "date", 3, 10, 0, ""),
    ("time(s), s up to 6", "time", 5, 13, S, ""),
    ("time(7)", "time", 5, 16, 7, "a seventh digit other than 0 is refused, unless the policy `fraction` says otherwise"),
    ("smalldatetime", "smalldatetime", 4, 16, 0, ""),
    ("datetime", "datetime", 8, 23, 3, "the milliseconds that SQL Server shows (.000, .003, .007); as `timestamptz` taken as UTC"),
    ("datetime2(s), s up to 6", "datetime2", 8, 24, S, ""),
    ("datetime2(7)", "datetime2", 8, 27, 7, "a seventh digit other than 0 is refused, unless the policy `fraction` says otherwise"),
    ("datetimeoffset(s), s up to 6", "datetimeoffset", 10, 31, S, "the instant is kept, the offset is not, and rows with another one than +00:00 are counted"),
    ("datetimeoffset(7)", "datetimeoffset", 10, 34, 7, "as above; a seventh digit as in time(7); `text` keeps offset and all digits"),
    ("uniqueidentifier", "uniqueidentifier", 16, 0, 0, "same value; sorts differently on both sides; as `text` in upper case, as SQL Server writes it"),
    ("xml", "xml", -1, 0, 0, "the server's text, without byte order mark and without an encoding in its declaration"),
    ("text", "text", 16, 0, 0, "read as varchar(max)"),
    ("ntext", "ntext", 16, 0, 0, "read as nvarchar(max)"),
    ("image", "image", 16, 0, 0, "read as varbinary(max)"),
    ("sql_variant", "sql_variant", 8016, 0, 0, "as SQL Server writes it; in a key by itself `jsonb`: `{\"type\": \"decimal(18,4)\", \"value\": 1.5000}`"),
    ("hierarchyid", "hierarchyid", 892, 0, 0, "the path, `/1/2.5/`, which sorts as text; the bytes sort as SQL Server does"),
    ("geometry", "geometry", -1, 0, 0, "EWKB with SRID, Z and M; as `text` EWKT; `geometry` of PostGIS is chosen if the target has it"),
    ("geography", "geography", -1, 0, 0, "as geometry; `geography` of PostGIS is chosen if the target has it, with [limits](#spatial-values)"),
    ("json", "json", -1, 0, 0, "the server's text, key for key; `jsonb` orders keys, keeps the last of equal ones and writes numbers anew"),
    ("vector", "vector", 16, 0, 0, "eight significant digits; `vector` of pgvector is chosen if the target has it ([more](#what-is-kept-otherwise))"),
    ("CLR types of the user", "clr", -1, 0, 0, "on request its bytes as SQL Server casts them"),
    ("alias types (CREATE TYPE … FROM)", "int", 4, 10, 0, "as the type they stand for; here int"),
    ("cursor", "cursor", 0, 0, 0, "only in T-SQL variables"),
    ("table", "table", 0, 0, 0, "only in T-SQL variables"),
];

/// `SELECT name FROM sys.types` of SQL Server 2025, and the two that only T-SQL variables have.
const KNOWN: [&str; 38] = [
    "bigint",
    "binary",
    "bit",
    "char",
    "cursor",
    "date",
    "datetime",
    "datetime2",
    "datetimeoffset",
    "decimal",
    "float",
    "geography",
    "geometry",
    "hierarchyid",
    "image",
    "int",
    "json",
    "money",
    "nchar",
    "ntext",
    "numeric",
    "nvarchar",
    "real",
    "smalldatetime",
    "smallint",
    "smallmoney",
    "sql_variant",
    "sysname",
    "table",
    "text",
    "time",
    "timestamp",
    "tinyint",
    "uniqueidentifier",
    "varbinary",
    "varchar",
    "vector",
    "xml",
];

fn types() -> String {
    let mut table = String::from("| SQL Server | PostgreSQL | or | remark |\n|---|---|---|---|\n");
    for (declared, name, max_length, precision, scale, remark) in ROWS {
        let ty = SourceType { name: name.into(), alias: None, max_length, precision, scale, collation: None };
        let default = map(&ty, None);
        let target = match &default {
            Ok(mapping) => format!("`{}`", symbolic(&mapping.target_type, declared)),
            Err(_) => "refused".to_owned(),
        };
        let other = |chosen: &&str| {
            let mapping = map(
                &SourceType {
                    scale: if *chosen == "bigint" { 0 } else { scale },
                    precision: precision.min(18),
                    ..ty.clone()
                },
                Some(chosen),
            )
            .ok()?;
            let bare = |mapping: &Mapping| mapping.target_type.split('(').next().map(str::to_owned);
            let same = default.as_ref().is_ok_and(|default| bare(default) == bare(&mapping));
            let extension = mapping.needs.map_or_else(String::new, |extension| format!(" ({extension})"));
            (!same).then(|| format!("`{chosen}`{extension}"))
        };
        let others: Vec<_> = alternatives(&name.into()).iter().filter_map(other).collect();
        writeln!(table, "| {declared} | {target} | {} | {remark} |", others.join(", ")).unwrap();
    }
    table
}

/// The letters of the declaration in place of the numbers that stood for them.
fn symbolic(target: &str, declared: &str) -> String {
    let (n, p, s) = (format!("({N})"), format!("({P},{S})"), format!("({S})"));
    if declared.contains("(n)") {
        return target.replace(&n, "(n)");
    }
    if declared.contains("(p,s)") {
        return target.replace(&p, "(p,s)");
    }
    if declared.contains("(s)") { target.replace(&s, "(s)") } else { target.to_owned() }
}

#[test]
fn the_page_of_types_is_that_of_the_table() {
    crate::generated::assert_parts("reference/type-mapping.md", &[("types", types())]);
}

#[test]
fn the_page_of_types_has_every_type() {
    let shown: Vec<&str> = ROWS.iter().map(|row| row.1).collect();
    let missing: Vec<_> = KNOWN.iter().filter(|name| !shown.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
