//! `docs/type-mapping.md` is made from THE table: one row for every type of `sys.types`, with what [`map`] answers.

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
    ("time(7)", "time", 5, 16, 7, "a seventh digit other than 0 is refused, not rounded"),
    ("smalldatetime", "smalldatetime", 4, 16, 0, ""),
    ("datetime", "datetime", 8, 23, 3, "the milliseconds that SQL Server shows (.000, .003, .007); as `timestamptz` taken as UTC"),
    ("datetime2(s), s up to 6", "datetime2", 8, 24, S, ""),
    ("datetime2(7)", "datetime2", 8, 27, 7, "a seventh digit other than 0 is refused, not rounded"),
    ("datetimeoffset(s), s up to 6", "datetimeoffset", 10, 31, S, "the instant is kept, the offset is not"),
    ("datetimeoffset(7)", "datetimeoffset", 10, 34, 7, "as above, `text` keeps offset and all digits; a seventh digit other than 0 is refused, not rounded"),
    ("uniqueidentifier", "uniqueidentifier", 16, 0, 0, "same value; sorts differently on both sides; as `text` in upper case, as SQL Server writes it"),
    ("xml", "xml", -1, 0, 0, "the server's text, without byte order mark and without an encoding in its declaration"),
    ("text", "text", 16, 0, 0, "read as varchar(max)"),
    ("ntext", "ntext", 16, 0, 0, "read as nvarchar(max)"),
    ("image", "image", 16, 0, 0, "read as varbinary(max)"),
    ("sql_variant", "sql_variant", 8016, 0, 0, "`text`: each value as SQL Server writes its base type, every digit; `jsonb`: `{\"type\": \"decimal(18,4)\", \"value\": 1.5000}`, the base type kept"),
    ("hierarchyid", "hierarchyid", 892, 0, 0, "the path, `/1/2.5/`, which sorts as text; the bytes sort as SQL Server does"),
    ("geometry", "geometry", -1, 0, 0, "EWKB with SRID, Z and M; as `text` EWKT; `geometry` of PostGIS is chosen where the target has it"),
    ("geography", "geography", -1, 0, 0, "as geometry; `geography` of PostGIS is chosen where the target has it: a polygon larger than a hemisphere means its complement there, and what lies beyond 180 or 90 degrees is refused"),
    ("json", "json", -1, 0, 0, "the server's text, key for key; `jsonb` orders keys, keeps the last of equal ones and writes numbers anew"),
    ("vector", "vector", 16, 0, 0, "read as text, in which the server writes eight significant digits: the last bit of some numbers is lost; pgvector's `vector` is chosen where the target has it, without a number of dimensions"),
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

const HEAD: &str = "\
# Type mapping

What becomes of every SQL Server type. The table is made from the one in the code (`src/convert/types.rs`), and a test
keeps the two equal (`SHARDFERRY_UPDATE_DOCS=1 cargo test --lib page_of_types` rewrites this page). An alternative is
chosen for a type or for one column; one that is not in its row refuses the plan. The decisions behind it:
[ADR 0006](adr/0006-types-and-names.md).

| SQL Server | PostgreSQL | or | remark |
|---|---|---|---|
";

const TAIL: &str = "
NULL stays NULL, and NOT NULL columns are NOT NULL. An identity on tinyint, smallint, int or bigint becomes `GENERATED BY
DEFAULT AS IDENTITY`, and `finish` sets its position; on decimal or numeric it becomes a plain column, since PostgreSQL has
no such identity. Computed, hidden (temporal tables) and sparse columns become plain columns that hold the values.

## No value is changed in silence

A value that PostgreSQL cannot hold fails its table with the code `value`, naming table and column, never the value. The
table is then as it was before; the other tables go on. Such values are:

| value | in |
|---|---|
| U+0000 | all character types, sql_variant and xml |
| half a surrogate pair | nchar, nvarchar, ntext, sql_variant, xml |
| bytes that the code page of the collation does not define | char, varchar, text, sql_variant |
| a seventh digit of a second other than 0 | time(7), datetime2(7), datetimeoffset(7) |
| a FullGlobe, which nothing outside of SQL Server has a form for | geography |
| a longitude beyond 180 or a latitude beyond 90 degrees | geography that becomes PostGIS's `geography` |
| a rowversion of 2^63 or more | rowversion that becomes `bigint` |
| more than 1 GiB - 1 in the target's encoding | varchar(max), nvarchar(max), varbinary(max), xml |
| what PostgreSQL itself refuses when it reads the row | any |

Correct the value on the source, or exclude the table. A policy per column (replace, round, …) is not built yet.

## What is kept otherwise, and what is not

- **Text** becomes UTF-8, by the code page of each column's collation. A collation whose code page is not known fails its
  table (`source_refused`); nothing is guessed. The code pages 932, 936, 949 and 950 (Japanese, Chinese, Korean) are those
  of the Encoding Standard without what Windows does not have; they were not compared with Windows itself, byte by byte.
- **Collations** are not copied: comparisons and order follow the target's database. A case-insensitive unique index
  becomes a case-sensitive one, which is weaker.
- **char and nchar** are padded by both servers. Where a value holds characters of several bytes (of two UTF-16 units),
  the target's padding is longer by their surplus; trailing blanks are no part of the value for either server.
- **Spatial values** keep every coordinate bit for bit, with SRID, Z and M; a Z or M that one point of a value lacks is
  NaN. Circular arcs, compound curves and curve polygons stay what they are; PostGIS's `geography` takes none of them.
- **json, vector, hierarchyid, text, ntext, image, geometry and geography** are converted by the server itself in the
  SELECT (`CAST`, `ToString()`, `AsBinaryZM()`), so that a type of a later server arrives in a form that every client knows.
- **Floating point**: every bit is kept, -0 too. SQL Server has no NaN and no infinity.
- **Names** of schemas, tables and columns are kept as they are, capitals included: `SELECT \"Id\" FROM dbo.\"Orders\"`.
  `--schema-map dbo=public` renames a schema. A name of more than 63 bytes refuses the plan.
- **Not created in the target yet**: default values, check constraints, computed expressions, triggers, views, procedures,
  sequences, filtered and columnstore indexes. `finish` logs each index and foreign key that it leaves out, with the reason.

## Types that are refused

Only CLR types of the user are, unless their bytes are asked for (`bytea`). `shardferry plan` lists all columns of such types at once and writes no plan. Then either leave the tables out
(`--exclude SCHEMA.TABLE`), or leave the columns out (`--skip-unsupported`: their values are **not** copied, and the plan
says so), or convert them on the source.
";

fn page() -> String {
    let mut page = HEAD.to_owned();
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
        writeln!(page, "| {declared} | {target} | {} | {remark} |", others.join(", ")).unwrap();
    }
    page + TAIL
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
    crate::generated::assert_page("type-mapping.md", &page());
}

#[test]
fn the_page_of_types_has_every_type() {
    let shown: Vec<&str> = ROWS.iter().map(|row| row.1).collect();
    let missing: Vec<_> = KNOWN.iter().filter(|name| !shown.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
