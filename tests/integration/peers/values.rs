//! Values that other tools change, lose or invent.

use super::{column, copied, refused, shown, type_of, world};

#[test]
fn money_keeps_every_digit() {
    let world = column(
        "money",
        &["922337203685477.5807", "-922337203685477.5808", "0.0001", "90071992547409.93", "NULL"],
    );
    assert_eq!(type_of(&world), "numeric(19,4)");
    assert_eq!(
        shown(&world, "v"),
        ["922337203685477.5807", "-922337203685477.5808", "0.0001", "90071992547409.9300", "NULL"]
    );
}

#[test]
fn smallmoney_of_100_and_more_fits() {
    let world = column("smallmoney", &["214748.3647", "-214748.3648", "100"]);
    assert_eq!(shown(&world, "v"), ["214748.3647", "-214748.3648", "100.0000"]);
}

#[test]
fn decimal_of_38_digits_is_exact() {
    let nines = "9".repeat(38);
    let world = copied(&format!(
        "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, v decimal(38, 0) NULL, w decimal(38, 38) NULL, x decimal(38, 9) NULL);
        INSERT INTO dbo.t VALUES (1, {nines}, 0.{nines}, 12345678901234567890123456789.012345678),
            (2, -{nines}, -0.{nines}, -0.000000001), (3, 0, 0, 79228162514264337593543950336)"
    ));
    assert_eq!(shown(&world, "v"), [nines.clone(), format!("-{nines}"), "0".to_owned()]);
    assert_eq!(
        shown(&world, "w"),
        [format!("0.{nines}"), format!("-0.{nines}"), format!("0.{}", "0".repeat(38))]
    );
    assert_eq!(
        shown(&world, "x"),
        [
            "12345678901234567890123456789.012345678",
            "-0.000000001",
            "79228162514264337593543950336.000000000"
        ]
    );
}

#[test]
fn floats_keep_every_bit() {
    let world = column("float", &["0.1", "1.7976931348623157e308", "2.2250738585072014e-308", "-0e0"]);
    assert_eq!(shown(&world, "v"), ["0.1", "1.7976931348623157e+308", "2.2250738585072014e-308", "-0"]);
}

#[test]
fn datetimeoffset_keeps_its_instant() {
    let world = column(
        "datetimeoffset(7)",
        &[
            "'2021-06-30T23:30:00.1234560 +05:45'",
            "'0001-01-02T00:00:00.0000000 +14:00'",
            "'9999-12-31T00:00:00.0000000 -14:00'",
        ],
    );
    assert_eq!(type_of(&world), "timestamp(6) with time zone");
    assert_eq!(
        shown(&world, "v AT TIME ZONE 'UTC'"),
        ["2021-06-30 17:45:00.123456", "0001-01-01 10:00:00", "9999-12-31 14:00:00"]
    );
}

#[test]
fn datetime_is_no_instant() {
    let world = column("datetime", &["'2024-03-31T02:30:00.997'", "'1753-01-01T00:00:00.003'"]);
    assert_eq!(type_of(&world), "timestamp(3) without time zone");
    // That hour does not exist where clocks are put forward on that day.
    let rows = world.target("SET TimeZone = 'Europe/Berlin'; SELECT v FROM dbo.t ORDER BY id");
    let rows: Vec<_> = rows.into_iter().flatten().flatten().collect();
    assert_eq!(rows, ["2024-03-31 02:30:00.997", "1753-01-01 00:00:00.003"]);
}

#[test]
fn a_seventh_digit_is_never_cut_in_silence() {
    let world = world(
        "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, v datetime2(7) NULL);
        INSERT INTO dbo.t VALUES (1, '2020-01-01T00:00:00.1234560'), (2, '2020-01-01T00:00:00.1234567')",
    );
    refused(&world, &["run"], 3, "seventh digit");
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.t"), "0");
}

/// Every row of a system-versioned table ends at 9999-12-31 23:59:59.9999999, as the server writes it by itself.
#[test]
fn the_end_of_time_of_a_temporal_table_can_be_copied() {
    let world = world(
        "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, b datetime2(7) GENERATED ALWAYS AS ROW START NOT NULL,
            v datetime2(7) GENERATED ALWAYS AS ROW END NOT NULL, PERIOD FOR SYSTEM_TIME (b, v)) WITH (SYSTEM_VERSIONING = ON);
        INSERT INTO dbo.t (id) VALUES (1)",
    );
    world.succeed(&["run"]);
    assert_eq!(shown(&world, "v"), ["9999-12-31 23:59:59.999999"]);
    let status = world.succeed(&["status"]);
    assert!(status.stdout.contains("v fraction 1 row"), "counted: {}", status.stdout);
}

#[test]
fn the_first_and_last_moments_arrive() {
    let world = column("datetime2(7)", &["'0001-01-01T00:00:00.0000000'", "'9999-12-31T23:59:59.9999990'"]);
    assert_eq!(shown(&world, "v"), ["0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"]);
    let world = column("date", &["'0001-01-01'", "'9999-12-31'", "'1582-10-10'"]);
    assert_eq!(shown(&world, "v"), ["0001-01-01", "9999-12-31", "1582-10-10"]);
}

#[test]
fn time_of_scale_7_arrives() {
    let world = column("time(7)", &["'00:00:00.0000000'", "'23:59:59.9999990'", "'12:00:00.0000010'"]);
    assert_eq!(type_of(&world), "time(6) without time zone");
    assert_eq!(shown(&world, "v"), ["00:00:00", "23:59:59.999999", "12:00:00.000001"]);
}

#[test]
fn uuids_keep_their_order() {
    let world = column("uniqueidentifier", &["'00112233-4455-6677-8899-AABBCCDDEEFF'", "NULL"]);
    assert_eq!(type_of(&world), "uuid");
    assert_eq!(shown(&world, "v"), ["00112233-4455-6677-8899-aabbccddeeff", "NULL"]);
}

#[test]
fn rowversion_is_eight_bytes() {
    let world = copied(
        "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, v rowversion NOT NULL);
        INSERT INTO dbo.t (id) VALUES (1), (2)",
    );
    let (_, there) = world.source("SELECT v FROM dbo.t ORDER BY id");
    let there: Vec<_> = there.into_iter().flatten().flatten().collect();
    assert_eq!((type_of(&world), shown(&world, "v")), ("bytea".to_owned(), there));
    assert_eq!(shown(&world, "length(v)"), ["8", "8"]);
}

#[test]
fn hierarchyid_is_its_path() {
    let world = column("hierarchyid", &["0x", "0x58", "0x5AC0", "NULL"]);
    assert_eq!(shown(&world, "v::text"), ["/", "/1/", "/1/1/", "NULL"]);
}

#[test]
fn geography_keeps_its_srid() {
    // POINT (2 1) in 4326: SQL Server keeps the latitude first, EWKB the longitude.
    let world = column("geography", &["geography::Point(1, 2, 4326)", "NULL"]);
    let point = "0101000020e61000000000000000000040000000000000f03f";
    assert_eq!(shown(&world, "encode(v, 'hex')"), [point, "NULL"]);
}

#[test]
fn sql_variant_keeps_its_values() {
    let world = column(
        "sql_variant",
        &["CAST(7 AS bigint)", "CAST(N'Größe' AS nvarchar(10))", "CAST(1.50 AS decimal(5, 2))", "NULL"],
    );
    let values = shown(&world, "v::text");
    let wanted = ["7", "Größe", "1.50", "NULL"];
    assert_eq!(values.len(), wanted.len(), "{values:?}");
    for (value, wanted) in values.iter().zip(wanted) {
        assert!(value.contains(wanted), "{value} is not {wanted}");
    }
}

#[test]
fn xml_with_a_prolog_of_utf_16_arrives() {
    let world = column(
        "xml",
        &[
            "N'<?xml version=\"1.0\" encoding=\"utf-16\"?><a b=\"1\">é😀</a>'",
            "N'two <b/> roots <c/>'",
            "NULL",
        ],
    );
    let values = shown(&world, "v");
    assert!(values[0].ends_with("<a b=\"1\">é😀</a>") && !values[0].contains("utf-16"), "{values:?}");
    assert_eq!(values[1..], ["two <b/> roots <c/>", "NULL"]);
}

const NUL: &str = "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, v nvarchar(20) NULL);
    INSERT INTO dbo.t VALUES (1, N'fine'), (2, N'a' + NCHAR(0) + N'b')";

#[test]
fn a_nul_is_never_dropped_in_silence() {
    let world = world(NUL);
    refused(&world, &["run"], 3, "Failed: dbo.t: column v: a character that PostgreSQL cannot hold (U+0000)");
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.t"), "0");
}

#[test]
fn a_stripped_nul_is_counted() {
    let world = world(NUL);
    world.succeed(&["run", "--policy", "nul=strip"]);
    assert_eq!(shown(&world, "v"), ["fine", "ab"]);
    let losses = &world.object(&world.table_object("dbo.t")).unwrap()["losses"];
    assert_eq!((&losses[0]["column"], &losses[0]["rows"]), (&"v".into(), &1.into()), "{losses}");
}

#[test]
fn a_text_that_looks_like_a_nul_stays() {
    let world = column("nvarchar(20)", &[r"N'\x00'", r"N'\u0000'", r"N'\0'", "N'0x00'", "N'null'"]);
    assert_eq!(shown(&world, "v"), [r"\x00", r"\u0000", r"\0", "0x00", "null"]);
}

#[test]
fn half_a_surrogate_pair_is_never_replaced_in_silence() {
    let world = world(
        "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, v nvarchar(20) NULL);
        INSERT INTO dbo.t VALUES (1, N'😀'), (2, N'a' + NCHAR(55357))",
    );
    refused(&world, &["run"], 3, "half a surrogate pair");
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.t"), "0");
}

#[test]
fn char_is_char() {
    let world = column("char(5)", &["'ab'", "''", "'abcde'"]);
    assert_eq!(type_of(&world), "character(5)");
    assert_eq!(shown(&world, "v = 'ab' OR v = '' OR v = 'abcde'"), ["t", "t", "t"]);
    assert_eq!(shown(&world, "length(v)"), ["2", "0", "5"]);
}

#[test]
fn empty_is_not_null() {
    let world = column("nvarchar(max)", &["N''", "NULL", "N' '"]);
    assert_eq!(shown(&world, "quote_nullable(v)"), ["''", "NULL", "' '"]);
    let world = column("varbinary(max)", &["0x", "NULL", "0x00"]);
    assert_eq!(shown(&world, "v"), [r"\x", "NULL", r"\x00"]);
}

#[test]
fn what_copy_escapes_arrives() {
    let text = "tab\there, new\nline, return\r, \\N, \\., \"quotes\", 'single', {braces}, $1, %s";
    let world = column("nvarchar(200)", &[&format!("N'{}'", text.replace('\'', "''")), r"N'\N'", r"N'\.'"]);
    assert_eq!(shown(&world, "v"), [text, r"\N", r"\."]);
}

#[test]
fn varchar_is_of_its_code_page() {
    for (collation, text) in [
        ("Greek_CI_AS", "Ελλάδα"),
        ("Cyrillic_General_CI_AS", "Жуков ё"),
        ("Polish_CI_AS", "Łódź"),
        ("Turkish_CI_AS", "İğdır"),
        ("Japanese_CI_AS", "日本語 ﾊﾝｶｸ"),
        ("Latin1_General_CI_AS", "Größe € ž"),
        ("Latin1_General_100_CI_AS_SC_UTF8", "😀 Ω"),
    ] {
        let world = column(&format!("varchar(40) COLLATE {collation}"), &[&format!("N'{text}'")]);
        assert_eq!(shown(&world, "v"), [text], "{collation}");
    }
}

#[test]
fn computed_values_are_the_sources() {
    let world = copied(
        "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, a money NOT NULL, n int NOT NULL, v AS (a * n) PERSISTED, w AS (n / 2));
        INSERT INTO dbo.t (id, a, n) VALUES (1, 1.5, 3), (2, -2.25, 7)",
    );
    assert_eq!(shown(&world, "v"), ["4.5000", "-15.7500"]);
    assert_eq!(shown(&world, "w"), ["1", "3"]);
}
