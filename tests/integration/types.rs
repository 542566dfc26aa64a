//! Every SQL Server type with its edge values, and every alternative, through the whole program: T-SQL literals into
//! the test SQL Server, what PostgreSQL shows of them out again.
//!
//! A family is a table with a column for each case; the plan is made by the program, and the alternatives are written
//! into it as `shardferry plan` would.
#![allow(clippy::unwrap_used, reason = "functions of tests, outside of the test functions that clippy knows")]

use super::harness::World;
use shardferry::convert::types::{alternatives, map};
use shardferry::model::types::SourceType;

/// Declared type, alternative (empty: the default), literals with what the target shows as text.
type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

#[rustfmt::skip] // tables are read by lines
const NUMBERS: &[Case] = &[
    ("bit", "", &[("0", "false"), ("1", "true")]),
    ("bit", "smallint", &[("0", "0"), ("1", "1")]),
    ("bit", "integer", &[("1", "1")]),
    ("tinyint", "", &[("0", "0"), ("255", "255")]),
    ("tinyint", "integer", &[("255", "255")]),
    ("tinyint", "bigint", &[("255", "255")]),
    ("tinyint", "numeric", &[("0", "0"), ("255", "255")]),
    ("smallint", "", &[("-32768", "-32768"), ("32767", "32767")]),
    ("smallint", "integer", &[("-32768", "-32768")]),
    ("smallint", "bigint", &[("-32768", "-32768")]),
    ("smallint", "numeric", &[("-32768", "-32768")]),
    ("int", "", &[("-2147483648", "-2147483648"), ("2147483647", "2147483647")]),
    ("int", "bigint", &[("-2147483648", "-2147483648")]),
    ("int", "numeric", &[("2147483647", "2147483647")]),
    ("bigint", "", &[("-9223372036854775808", "-9223372036854775808"), ("9223372036854775807", "9223372036854775807")]),
    ("bigint", "numeric", &[("-9223372036854775808", "-9223372036854775808")]),
    ("decimal(38,38)", "", &[("0.99999999999999999999999999999999999999", "0.99999999999999999999999999999999999999"), ("0", "0.00000000000000000000000000000000000000")]),
    ("decimal(38,0)", "", &[("-99999999999999999999999999999999999999", "-99999999999999999999999999999999999999")]),
    ("decimal(38,0)", "text", &[("-99999999999999999999999999999999999999", "-99999999999999999999999999999999999999")]),
    ("numeric(18,4)", "", &[("-0.0001", "-0.0001"), ("99999999999999.9999", "99999999999999.9999")]),
    ("numeric(18,4)", "text", &[("1.5", "1.5000"), ("-0.0001", "-0.0001"), ("0", "0.0000")]),
    ("numeric(10,0)", "bigint", &[("-9999999999", "-9999999999")]),
    ("decimal(18,0)", "bigint", &[("-999999999999999999", "-999999999999999999"), ("0", "0")]),
    ("decimal(5,0)", "bigint", &[("99999", "99999")]),
    ("money", "", &[("-922337203685477.5808", "-922337203685477.5808"), ("922337203685477.5807", "922337203685477.5807")]),
    ("money", "text", &[("-922337203685477.5808", "-922337203685477.5808"), ("0.1", "0.1000")]),
    ("smallmoney", "", &[("-214748.3648", "-214748.3648"), ("0.0001", "0.0001")]),
    ("smallmoney", "text", &[("214748.3647", "214748.3647")]),
    ("real", "", &[("3.4028235e38", "3.4028235e+38"), ("1.1754944e-38", "1.1754944e-38"), ("-0.0e0", "-0")]),
    ("real", "double precision", &[("0.1e0", "0.10000000149011612")]),
    ("float", "", &[("1.7976931348623157e308", "1.7976931348623157e+308"), ("5e-324", "5e-324"), ("0.1e0", "0.1")]),
];

#[rustfmt::skip]
const TEXTS: &[Case] = &[
    ("char(5)", "", &[("'ab'", "ab"), ("''", "")]),
    ("char(5)", "varchar", &[("'ab'", "ab   ")]),
    ("char(5)", "text", &[("'ab'", "ab   "), ("'é'", "é    ")]),
    ("char(3)", "citext", &[("'aBc'", "aBc")]),
    ("nchar(5)", "", &[("N'né'", "né"), ("N'水'", "水")]),
    ("nchar(3)", "text", &[("N'né'", "né ")]),
    ("nchar(3)", "citext", &[("N'é'", "é  ")]),
    ("nchar(3)", "varchar", &[("N'né'", "né ")]),
    ("varchar(10)", "", &[("'€uro '", "€uro "), ("''", "")]),
    ("varchar(10)", "text", &[("' x '", " x ")]),
    ("varchar(10)", "citext", &[("'MiXed'", "MiXed")]),
    ("varchar(max)", "", &[("REPLICATE(CAST('x' AS varchar(max)), 20000)", "x*20000")]),
    ("varchar(max)", "varchar", &[("'y'", "y")]),
    ("varchar(max)", "citext", &[("'Y'", "Y")]),
    ("nvarchar(10)", "", &[("N'😀水é'", "😀水é")]),
    ("nvarchar(10)", "text", &[("N'😀'", "😀")]),
    ("nvarchar(10)", "citext", &[("N'😀'", "😀")]),
    ("nvarchar(max)", "", &[("REPLICATE(CAST(N'水' AS nvarchar(max)), 9000)", "水*9000")]),
    ("sysname", "", &[("N'tåble'", "tåble")]),
    ("sysname", "citext", &[("N'Table'", "Table")]),
    ("sysname", "text", &[("N'tåble'", "tåble")]),
    ("text", "", &[("'€ text'", "€ text"), ("''", "")]),
    ("text COLLATE Greek_CI_AS", "", &[("N'αβγ'", "αβγ")]),
    ("text", "citext", &[("'T'", "T")]),
    ("ntext", "varchar", &[("N'n'", "n")]),
    ("text", "varchar", &[("'t'", "t")]),
    ("ntext", "", &[("N'ntext 😀'", "ntext 😀")]),
    ("ntext", "citext", &[("N'N'", "N")]),
    ("varchar(10) COLLATE Greek_CI_AS", "", &[("N'αβγ'", "αβγ")]),
    ("varchar(10) COLLATE Cyrillic_General_CI_AS", "", &[("N'жук'", "жук")]),
    ("varchar(10) COLLATE Polish_CI_AS", "", &[("N'łąka'", "łąka")]),
    ("varchar(10) COLLATE Turkish_CI_AS", "", &[("N'ışık'", "ışık")]),
    ("varchar(10) COLLATE Hebrew_CI_AS", "", &[("N'שלום'", "שלום")]),
    ("varchar(10) COLLATE Arabic_CI_AS", "", &[("N'سلام'", "سلام")]),
    ("varchar(10) COLLATE Thai_CI_AS", "", &[("N'ไทย'", "ไทย")]),
    ("varchar(10) COLLATE Japanese_CI_AS", "", &[("N'日本ｶﾅ'", "日本ｶﾅ")]),
    ("varchar(10) COLLATE Chinese_PRC_CI_AS", "", &[("N'中文'", "中文")]),
    ("varchar(10) COLLATE Chinese_Taiwan_Stroke_CI_AS", "", &[("N'繁體'", "繁體")]),
    ("varchar(10) COLLATE Korean_Wansung_CI_AS", "", &[("N'한글'", "한글")]),
    ("varchar(20) COLLATE Latin1_General_100_CI_AS_SC_UTF8", "", &[("N'é水😀'", "é水😀")]),
    ("char(8) COLLATE Latin1_General_100_CI_AS_SC_UTF8", "text", &[("N'é水'", "é水   ")]),
    ("varchar(max) COLLATE Latin1_General_100_CI_AS_SC_UTF8", "", &[("N'é水😀'", "é水😀")]),
    ("xml", "", &[("N'<a b=\"1\">é😀</a>'", "<a b=\"1\">é😀</a>"), ("N''", "")]),
    ("xml", "text", &[("N'<a/>x<b/>'", "<a/>x<b/>")]),
    ("uniqueidentifier", "", &[("'6F9619FF-8B86-D011-B42D-00C04FC964FF'", "6f9619ff-8b86-d011-b42d-00c04fc964ff")]),
    ("uniqueidentifier", "text", &[("'6f9619ff-8b86-d011-b42d-00c04fc964ff'", "6F9619FF-8B86-D011-B42D-00C04FC964FF")]),
    ("binary(3)", "", &[("0x0001", "\\x000100")]),
    ("binary(3)", "text", &[("0x00FFAB", "00ffab")]),
    ("varbinary(5)", "", &[("0x", "\\x"), ("0x00FF", "\\x00ff")]),
    ("varbinary(max)", "", &[("0x00FF", "\\x00ff")]),
    ("varbinary(max)", "text", &[("0x00FF", "00ff"), ("0x", "")]),
    ("image", "", &[("0x00FF", "\\x00ff")]),
    ("image", "text", &[("0x00FF", "00ff")]),
];

#[rustfmt::skip]
const MOMENTS: &[Case] = &[
    ("date", "", &[("'0001-01-01'", "0001-01-01"), ("'9999-12-31'", "9999-12-31"), ("'2000-02-29'", "2000-02-29")]),
    ("date", "text", &[("'0001-01-01'", "0001-01-01"), ("'9999-12-31'", "9999-12-31")]),
    ("time(0)", "", &[("'23:59:59'", "23:59:59")]),
    ("time(3)", "", &[("'00:00:00.001'", "00:00:00.001")]),
    ("time(6)", "", &[("'23:59:59.999999'", "23:59:59.999999")]),
    ("time(7)", "", &[("'23:59:59.9999990'", "23:59:59.999999")]),
    ("time(7)", "text", &[("'23:59:59.9999999'", "23:59:59.9999999"), ("'00:00'", "00:00:00.0000000")]),
    ("time(0)", "text", &[("'12:34:56'", "12:34:56")]),
    ("smalldatetime", "", &[("'1900-01-01'", "1900-01-01 00:00:00"), ("'2079-06-06 23:59'", "2079-06-06 23:59:00")]),
    ("smalldatetime", "text", &[("'2079-06-06 23:59'", "2079-06-06 23:59:00")]),
    ("smalldatetime", "timestamptz", &[("'2079-06-06 23:59'", "2079-06-06 23:59:00+00")]),
    ("datetime", "", &[("'1753-01-01'", "1753-01-01 00:00:00"), ("'9999-12-31 23:59:59.997'", "9999-12-31 23:59:59.997"), ("'2000-01-01 00:00:00.003'", "2000-01-01 00:00:00.003")]),
    ("datetime", "text", &[("'9999-12-31 23:59:59.997'", "9999-12-31 23:59:59.997"), ("'2000-01-01'", "2000-01-01 00:00:00.000")]),
    ("datetime", "timestamptz", &[("'2000-01-01 00:00:00.007'", "2000-01-01 00:00:00.007+00")]),
    ("datetime2(0)", "", &[("'0001-01-01'", "0001-01-01 00:00:00")]),
    ("datetime2(3)", "", &[("'9999-12-31 23:59:59.999'", "9999-12-31 23:59:59.999")]),
    ("datetime2(6)", "", &[("'2000-01-01 00:00:00.000001'", "2000-01-01 00:00:00.000001")]),
    ("datetime2(7)", "", &[("'9999-12-31 23:59:59.9999990'", "9999-12-31 23:59:59.999999")]),
    ("datetime2(7)", "text", &[("'9999-12-31 23:59:59.9999999'", "9999-12-31 23:59:59.9999999"), ("'0001-01-01'", "0001-01-01 00:00:00.0000000")]),
    ("datetime2(7)", "timestamptz", &[("'2000-01-01 12:00:00.123456'", "2000-01-01 12:00:00.123456+00")]),
    ("datetimeoffset(7)", "", &[("'2000-01-01 12:00:00.0000010 +14:00'", "1999-12-31 22:00:00.000001+00"), ("'0001-01-01 00:00:00 +00:00'", "0001-01-01 00:00:00+00")]),
    ("datetimeoffset(0)", "", &[("'2000-01-01 12:00:00 -01:30'", "2000-01-01 13:30:00+00")]),
    ("datetimeoffset(7)", "text", &[("'2000-01-01 12:00:00.0000001 +14:00'", "2000-01-01 12:00:00.0000001 +14:00"), ("'9999-12-31 23:59:59.9999999 +00:01'", "9999-12-31 23:59:59.9999999 +00:01")]),
    ("datetimeoffset(0)", "text", &[("'2000-01-01 12:00:00 -01:30'", "2000-01-01 12:00:00 -01:30")]),
];

#[rustfmt::skip]
const OTHERS: &[Case] = &[
    ("sql_variant", "", &[
        ("7", "7"), ("1.50", "1.50"), ("N'é😀'", "é😀"), ("'€'", "€"), ("0x00FF", "0x00ff"),
        ("CAST('2000-01-01 00:00:00.0000001' AS datetime2(7))", "2000-01-01 00:00:00.0000001"),
        ("CAST('2000-01-01 12:00:00 +02:00' AS datetimeoffset(0))", "2000-01-01 12:00:00 +02:00"),
        ("CAST('0001-01-01' AS date)", "0001-01-01"),
        ("CAST('6F9619FF-8B86-D011-B42D-00C04FC964FF' AS uniqueidentifier)", "6F9619FF-8B86-D011-B42D-00C04FC964FF"),
        ("CAST(1 AS bit)", "1"), ("CAST(-0.0001 AS money)", "-0.0001"), ("1e300", "1e300"),
        ("CAST('1753-01-01' AS datetime)", "1753-01-01 00:00:00.000"),
    ]),
    ("sql_variant", "jsonb", &[
        ("7", r#"{"type": "int", "value": 7}"#),
        ("CAST(1.5 AS decimal(18,4))", r#"{"type": "decimal(18,4)", "value": 1.5000}"#),
        ("CAST(N'a\"\\é' AS nvarchar(10))", r#"{"type": "nvarchar(10)", "value": "a\"\\é"}"#),
        ("CAST(1 AS bit)", r#"{"type": "bit", "value": true}"#),
        ("CAST('2000-01-01' AS date)", r#"{"type": "date", "value": "2000-01-01"}"#),
        ("CAST(0x01 AS varbinary(4))", r#"{"type": "varbinary(4)", "value": "0x01"}"#),
    ]),
    ("hierarchyid", "", &[("'/'", "/"), ("'/1/2/'", "/1/2/"), ("hierarchyid::Parse('/3/16/')", "/3/16/")]),
    ("hierarchyid", "bytea", &[("'/'", "\\x"), ("'/1/'", "\\x58"), ("'/1/1/'", "\\x5ac0")]),
    ("geometry", "", &[("'POINT (1 2)'", "\\x0101000000000000000000f03f0000000000000040")]),
    ("geometry", "text", &[
        ("'POINT (1 2)'", "POINT(1 2)"),
        ("geometry::STGeomFromText('POINT (1.5 -2 3 4)', 3857)", "SRID=3857;POINT(1.5 -2 3 4)"),
        ("'POINT EMPTY'", "POINT EMPTY"),
        ("'MULTIPOINT EMPTY'", "MULTIPOINT EMPTY"),
        ("'LINESTRING (0 0, 1 1)'", "LINESTRING(0 0,1 1)"),
        ("'POLYGON ((0 0, 4 0, 4 4, 0 0), (1 1, 2 1, 2 2, 1 1))'", "POLYGON((0 0,4 0,4 4,0 0),(1 1,2 1,2 2,1 1))"),
        ("'COMPOUNDCURVE ((0 0, 1 1), CIRCULARSTRING (1 1, 2 0, 1 -1))'", "COMPOUNDCURVE((0 0,1 1),CIRCULARSTRING(1 1,2 0,1 -1))"),
        ("geometry::Point(0.1, -7, 0)", "POINT(0.1 -7)"),
    ]),
    ("geography", "", &[("geography::Point(47.5, 19.25, 4326)", "\\x0101000020e610000000000000004033400000000000c04740")]),
    ("geography", "text", &[("'POINT (19.25 47.5)'", "SRID=4326;POINT(19.25 47.5)"), ("'POINT (181 0)'", "SRID=4326;POINT(181 0)")]),
    ("json", "", &[(r#"N'{"b": 1.0, "a": [1, null], "b": "é"}'"#, r#"{"b": 1.0, "a": [1, null], "b": "é"}"#)]),
    ("json", "jsonb", &[(r#"N'{"b": 1.0, "a": [1, null], "b": "é"}'"#, r#"{"a": [1, null], "b": "é"}"#)]),
    ("json", "text", &[(r#"N'{"b":1}'"#, r#"{"b":1}"#)]),
    ("vector(3)", "", &[("'[0.1, -1.5, 3.4028235e38]'", "{0.1,-1.5,3.4028235e+38}")]),
    ("vector(2)", "text", &[("'[0.1, 2]'", "[1.0000000e-001,2.0000000e+000]")]),
    ("Flag", "", &[("1", "true")]),
    ("Flag", "smallint", &[("1", "1")]),
];

/// `x*20000`: that many of it.
fn expanded(shown: &str) -> String {
    match shown.split_once('*') {
        Some((unit, count)) => unit.repeat(count.parse().unwrap()),
        None => shown.to_owned(),
    }
}

/// A table with a column for each case, and as many rows as the longest case has literals; NULL where one has fewer.
fn script(table: &str, cases: &[Case]) -> String {
    let columns: String =
        cases.iter().enumerate().map(|(at, case)| format!(", c{at} {} NULL", case.0)).collect();
    let mut script = format!("CREATE TABLE dbo.{table} (Id int NOT NULL PRIMARY KEY{columns})\nGO\n");
    for row in 0..=cases.iter().map(|case| case.2.len()).max().unwrap() {
        let literal = |case: &Case| case.2.get(row).map_or("NULL", |(literal, _)| *literal);
        let values: String = cases.iter().map(|case| format!(", {}", literal(case))).collect();
        script += &format!("INSERT INTO dbo.{table} VALUES ({row}{values})\nGO\n");
    }
    script
}

/// Writes the alternatives into the plan.
fn choose(world: &World, families: &[(&str, &[Case])]) {
    let mut plan = world.object("plan.json").unwrap();
    for table in plan["tables"].as_array_mut().unwrap() {
        let (_, cases) = families.iter().find(|(name, _)| table["source"]["name"] == **name).unwrap();
        let columns = table["columns"].as_array_mut().unwrap();
        assert_eq!(columns.len(), cases.len() + 1, "every column is copied");
        for (column, (_, alternative, _)) in columns.iter_mut().skip(1).zip(*cases) {
            if !alternative.is_empty() {
                let ty: SourceType = serde_json::from_value(column["source_type"].clone()).unwrap();
                column["target_type"] = map(&ty, Some(alternative)).unwrap().target_type.into();
                column["map"] = (*alternative).into();
            }
        }
    }
    world.put_object("plan.json", &plan);
}

fn check(world: &World, table: &str, cases: &[Case]) {
    for (at, (ty, alternative, values)) in cases.iter().enumerate() {
        let shown = if matches!(*alternative, "geometry" | "geography") {
            format!("ST_AsEWKT(\"c{at}\")")
        } else {
            format!("\"c{at}\"::text")
        };
        let sql = format!("SET TimeZone = 'UTC'; SELECT {shown} FROM dbo.\"{table}\" ORDER BY \"Id\"");
        let rows: Vec<_> = world.target(&sql).into_iter().map(|mut row| row.swap_remove(0)).collect();
        for (row, got) in rows.iter().enumerate() {
            let expected = values.get(row).map(|(_, shown)| expanded(shown));
            assert_eq!(
                *got,
                expected,
                "{ty} as {alternative:?}, {:?}",
                values.get(row).map(|(literal, _)| literal)
            );
        }
        assert!(rows.len() > values.len(), "{ty}: a row of NULL comes last");
    }
}

fn copied(world: &World, families: &[(&str, &[Case])]) {
    world.load("CREATE TYPE dbo.Flag FROM bit NULL\nGO\n");
    for (table, cases) in families {
        world.load(&script(table, cases));
    }
    world.succeed(&["plan"]);
    choose(world, families);
    world.succeed(&["schema"]);
    world.succeed(&["sync"]);
    for (table, cases) in families {
        check(world, table, cases);
    }
}

#[test]
fn every_type_and_alternative_arrives_with_its_edge_values() {
    let world = World::with_files();
    world.target("CREATE SCHEMA \"Ext s\"; CREATE EXTENSION citext SCHEMA \"Ext s\"");
    copied(&world, &[("Numbers", NUMBERS), ("Texts", TEXTS), ("Moments", MOMENTS), ("Others", OTHERS)]);
}

#[rustfmt::skip]
const NAMES: [&str; 35] = [
    "bit", "tinyint", "smallint", "int", "bigint", "decimal", "numeric", "money", "smallmoney", "real", "float", "char", "nchar",
    "varchar", "nvarchar", "sysname", "text", "ntext", "binary", "varbinary", "image", "date", "time", "smalldatetime",
    "datetime", "datetime2", "datetimeoffset", "uniqueidentifier", "xml", "sql_variant", "hierarchyid", "geometry",
    "geography", "json", "vector",
];

#[test]
fn every_alternative_has_a_case() {
    let all = [NUMBERS, TEXTS, MOMENTS, OTHERS, POSTGIS].concat();
    let has = |name: &str, chosen: &str| {
        all.iter()
            .any(|(ty, alternative, _)| ty.split(['(', ' ']).next() == Some(name) && *alternative == chosen)
    };
    // pgvector is not in Debian's PostgreSQL 15.
    let untested = [("vector", "vector")];
    for name in NAMES {
        assert!(has(name, ""), "{name}");
        for chosen in alternatives(&name.into()).iter().skip(1) {
            assert!(has(name, chosen) || untested.contains(&(name, chosen)), "{name} as {chosen}");
        }
    }
}

#[rustfmt::skip]
const POSTGIS: &[Case] = &[
    ("geometry", "geometry", &[
        ("'POINT (1 2)'", "POINT(1 2)"),
        ("geometry::STGeomFromText('POINT (1.5 -2 3 4)', 3857)", "SRID=3857;POINT(1.5 -2 3 4)"),
        ("'POINT (1 2 NULL 4)'", "POINTM(1 2 4)"),
        ("'POINT EMPTY'", "POINT EMPTY"),
        ("'POLYGON ((0 0 1, 4 0 1, 4 4 1, 0 0 1), (1 1 1, 2 1 1, 2 2 1, 1 1 1))'", "POLYGON((0 0 1,4 0 1,4 4 1,0 0 1),(1 1 1,2 1 1,2 2 1,1 1 1))"),
        ("'MULTIPOINT (1 2, 3 4)'", "MULTIPOINT(1 2,3 4)"),
        ("'MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))'", "MULTILINESTRING((0 0,1 1),(2 2,3 3))"),
        ("'MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))'", "MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))"),
        ("'GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (0 0, 1 1), GEOMETRYCOLLECTION EMPTY)'", "GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1),GEOMETRYCOLLECTION EMPTY)"),
        ("'CIRCULARSTRING (0 0, 1 1, 2 0)'", "CIRCULARSTRING(0 0,1 1,2 0)"),
        ("'COMPOUNDCURVE ((0 0, 1 1), CIRCULARSTRING (1 1, 2 0, 1 -1))'", "COMPOUNDCURVE((0 0,1 1),CIRCULARSTRING(1 1,2 0,1 -1))"),
        ("'CURVEPOLYGON (CIRCULARSTRING (0 0, 1 1, 2 0, 1 -1, 0 0))'", "CURVEPOLYGON(CIRCULARSTRING(0 0,1 1,2 0,1 -1,0 0))"),
    ]),
    ("geography", "geography", &[
        ("geography::Point(47.5, 19.25, 4326)", "SRID=4326;POINT(19.25 47.5)"),
        ("'LINESTRING (0 0 5, 10 10 6)'", "SRID=4326;LINESTRING(0 0 5,10 10 6)"),
        ("'POINT EMPTY'", "SRID=4326;POINT EMPTY"),
    ]),
    ("geography", "geometry", &[("'CIRCULARSTRING (0 0, 1 1, 2 0)'", "SRID=4326;CIRCULARSTRING(0 0,1 1,2 0)")]),
];

#[test]
fn spatial_values_arrive_in_postgis() {
    let world = World::with_files();
    world.target("CREATE EXTENSION postgis");
    copied(&world, &[("Places", POSTGIS)]);
    // What became bytea, and EWKT, are what PostGIS itself makes of its column.
    let (bytes, text) = (World::with_files(), [("Places", OTHERS)]);
    copied(&bytes, &text);
    // Only now: a plan that finds PostGIS chooses its types by itself.
    bytes.target("CREATE EXTENSION postgis");
    let spatial = OTHERS.iter().enumerate().filter(|(_, case)| case.0.starts_with("geo")).collect::<Vec<_>>();
    assert!(spatial.len() >= 4, "{spatial:?}");
    for (at, (ty, alternative, values)) in spatial {
        let again = if alternative.is_empty() {
            format!("ST_AsEWKB(\"c{at}\"::geometry)")
        } else {
            format!("ST_AsEWKT(ST_GeomFromEWKT(\"c{at}\"))")
        };
        let sql = format!("SELECT count(*) FROM dbo.\"Places\" WHERE {again} = \"c{at}\"");
        assert_eq!(bytes.target_value(&sql), values.len().to_string(), "{ty} as {alternative:?}");
    }
}

#[test]
fn a_value_without_a_form_names_its_column_and_what_it_is() {
    let cases: &[Case] = &[("geography", "", &[("'FULLGLOBE'", "")])];
    let world = World::with_files();
    world.load(&script("Globe", cases));
    world.succeed(&["plan"]);
    world.succeed(&["schema"]);
    let done = world.run(&["sync"]);
    assert_ne!(done.code(), Some(0));
    assert!(done.lines_with("FullGlobe").iter().any(|line| line.contains("c0")), "{done:?}");
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"Globe\""), "0");
}

#[test]
fn a_rowversion_is_its_bytes_or_its_number() {
    for (alternative, expected) in
        [("", "\\x00000000000007d1"), ("bigint", "2001"), ("text", "00000000000007d1")]
    {
        let world = World::with_files();
        world.load("CREATE TABLE dbo.V (Id int NOT NULL PRIMARY KEY, c0 rowversion NOT NULL)\nGO\nINSERT INTO dbo.V (Id) VALUES (1)\nGO\n");
        world.succeed(&["plan"]);
        choose(&world, &[("V", &[("rowversion", alternative, &[])])]);
        world.succeed(&["schema"]);
        world.succeed(&["sync"]);
        assert_eq!(world.target_value("SELECT c0::text FROM dbo.\"V\""), expected);
    }
}
