//! Translated expressions in a real PostgreSQL: every one of the cases is accepted where it belongs, and those whose
//! results Microsoft documents have these results. The pages are named as `learn.microsoft.com/sql/t-sql/…`.

use shardferry::model::names::{ColumnName, TableName};
use shardferry::model::types::SourceType;
use shardferry::tsql::{Purpose, ScopeColumn, Translated, Untranslatable, Volatility, translate_with};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

include!("../../src/tsql/cases.rs");

const CASES: &str = include_str!("../../src/tsql/cases.txt");

/// A schema of the test's own, whose session it is.
async fn schema(name: &str) -> Client {
    let url = crate::harness::environment("SHARDFERRY_TEST_PG_URL");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let name = format!("expressions_{name}_{}", std::process::id());
    let sql = format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}; SET search_path = {name}");
    client.batch_execute(&sql).await.unwrap();
    client
}

/// The table of the cases; texts with this clause behind their types.
async fn table(client: &Client, collate: &str) {
    let columns: Vec<_> = COLUMNS
        .iter()
        .map(|(name, _, collation, target)| {
            let collate = if collation.is_empty() { "" } else { collate };
            format!("\"{name}\" {target} {collate}")
        })
        .collect();
    client.batch_execute(&format!("CREATE TABLE t ({})", columns.join(", "))).await.unwrap();
}

/// The first value, as text.
async fn value(client: &Client, sql: &str) -> String {
    let rows = client.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let row = rows.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("NULL").to_owned()),
        _ => None,
    });
    row.unwrap_or_else(|| panic!("{sql}: no row"))
}

/// Every translated case where it belongs.
async fn accepted(client: &Client) -> usize {
    let mut accepted = 0;
    for line in CASES.lines() {
        let Some((purpose, text)) = line.split_once(": ") else { continue };
        if ["#", "->", "!!"].iter().any(|mark| line.starts_with(mark)) {
            continue;
        }
        let (Ok(answer), ty) = translated(purpose, text) else { continue };
        let sql = &answer.sql;
        let statement = match purpose.split(' ').next().unwrap() {
            "default" => format!(
                "CREATE TABLE own (own {ty} DEFAULT {sql}); INSERT INTO own DEFAULT VALUES;
                ALTER TABLE own ALTER own SET DEFAULT {sql}; INSERT INTO own DEFAULT VALUES; DROP TABLE own"
            ),
            "check" => {
                format!("ALTER TABLE t ADD CONSTRAINT k CHECK ({sql}); ALTER TABLE t DROP CONSTRAINT k")
            }
            "filter" => format!("CREATE INDEX k ON t (i) WHERE {sql}; DROP INDEX k"),
            _ => format!(
                "ALTER TABLE t ADD own {ty} GENERATED ALWAYS AS ({sql}) STORED; ALTER TABLE t DROP own"
            ),
        };
        client.batch_execute(&statement).await.unwrap_or_else(|error| panic!("{line}\n{sql}\n{error:?}"));
        accepted += 1;
    }
    accepted
}

#[tokio::test]
async fn every_translated_case_is_accepted() {
    let client = schema("accepted").await;
    client
        .batch_execute(
            "CREATE SCHEMA IF NOT EXISTS dbo; CREATE SEQUENCE IF NOT EXISTS dbo.seq;
            CREATE SCHEMA IF NOT EXISTS \"my schema\"; CREATE SEQUENCE IF NOT EXISTS \"my schema\".\"a\"\"b\"",
        )
        .await
        .unwrap();
    table(&client, "").await;
    // A row of which everything generated is computed.
    client
        .batch_execute("INSERT INTO t (i, j, l, m, v, n, c, d, dt, dt2) VALUES (1, 2, 3, 4, 'a', 'b', 'c', '2020-02-29', '2020-02-29', '2021-03-01')")
        .await
        .unwrap();
    let rows = accepted_without_rows(&client).await;
    assert!(rows > 280, "{rows}");
}

/// Checks would fail for some row or other; generated columns are computed for one.
async fn accepted_without_rows(client: &Client) -> usize {
    for (purpose, text) in CASES.lines().filter_map(|line| line.split_once(": ")) {
        if !purpose.starts_with("generated") {
            continue;
        }
        if let (Ok(answer), ty) = translated(purpose, text) {
            let sql = format!("ALTER TABLE t ADD own {ty} GENERATED ALWAYS AS ({}) STORED", answer.sql);
            client.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{text}: {error:?}"));
            client.batch_execute("ALTER TABLE t DROP own").await.unwrap();
        }
    }
    client.batch_execute("TRUNCATE t").await.unwrap();
    accepted(client).await
}

/// LIKE and others refuse a collation that takes different texts for equal, so no translation may use the column's.
#[tokio::test]
async fn the_collation_of_the_target_does_not_matter() {
    let client = schema("collation").await;
    client
        .batch_execute(
            "CREATE SCHEMA IF NOT EXISTS dbo; CREATE SEQUENCE IF NOT EXISTS dbo.seq;
            CREATE SCHEMA IF NOT EXISTS \"my schema\"; CREATE SEQUENCE IF NOT EXISTS \"my schema\".\"a\"\"b\";
            CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
        )
        .await
        .unwrap();
    table(&client, "COLLATE ci").await;
    assert!(accepted(&client).await > 280);
    client.batch_execute("INSERT INTO t (v, v_cs) VALUES ('ABC  ', 'ABC')").await.unwrap();
    for (text, expected) in [
        ("([v]='abc')", "t"),
        ("([v] like 'ab%')", "t"),
        ("([v_cs]='abc')", "f"),
        ("([v_cs] like 'ab%')", "f"),
        ("(charindex('bc',[v])=(2))", "t"),
        ("(charindex('bc',[v_cs])=(2))", "f"),
    ] {
        let sql = translated("check", text).0.unwrap().sql;
        assert_eq!(value(&client, &format!("SELECT {sql} FROM t")).await, expected, "{text}");
    }
}

/// Purpose, T-SQL, the row, and what it is.
type Known = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

async fn known(name: &str, cases: &[Known]) {
    let client = schema(name).await;
    table(&client, "").await;
    for (purpose, text, row, expected) in cases {
        let (answer, ty) = translated(purpose, text);
        let sql = answer.unwrap_or_else(|refused| panic!("{text}: {refused}")).sql;
        let names: Vec<_> = row.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let values: Vec<_> = row.iter().map(|(_, value)| *value).collect();
        let insert = match row {
            [] => "INSERT INTO t DEFAULT VALUES".to_owned(),
            _ => format!("INSERT INTO t ({}) VALUES ({})", names.join(", "), values.join(", ")),
        };
        client.batch_execute(&insert).await.unwrap();
        let shown = match purpose.split(' ').next().unwrap() {
            "generated" => {
                // As the column has it, not only the expression.
                let add = format!("ALTER TABLE t ADD own {ty} GENERATED ALWAYS AS ({sql}) STORED");
                client.batch_execute(&add).await.unwrap_or_else(|error| panic!("{text}\n{sql}\n{error:?}"));
                let shown = value(&client, "SELECT own FROM t").await;
                client.batch_execute("ALTER TABLE t DROP own").await.unwrap();
                shown
            }
            "default" => {
                let make =
                    format!("CREATE TABLE own (own {ty} DEFAULT {sql}); INSERT INTO own DEFAULT VALUES");
                client.batch_execute(&make).await.unwrap();
                let shown = value(&client, "SELECT own FROM own").await;
                client.batch_execute("DROP TABLE own").await.unwrap();
                shown
            }
            _ => value(&client, &format!("SELECT {sql} FROM t")).await,
        };
        assert_eq!(shown, *expected, "{text} of {row:?}\n{sql}");
        client.batch_execute("TRUNCATE t").await.unwrap();
    }
}

#[rustfmt::skip] // a table is read by columns
#[tokio::test]
async fn numbers_are_those_that_are_documented() {
    known("numbers", &[
        // language-elements/divide-transact-sql: an integer dividend by an integer divisor is an integer, cut off.
        ("generated int", "([i]/(2))", &[("i", "7")], "3"),
        ("generated int", "([i]/(2))", &[("i", "-7")], "-3"),
        ("generated int", "([i]/(2))", &[("i", "NULL")], "NULL"),
        // language-elements/modulo-transact-sql
        ("generated int", "([i]%(5))", &[("i", "38")], "3"),
        ("generated int", "([i]%(5))", &[("i", "-38")], "-3"),
        // language-elements/bitwise-and-transact-sql and its neighbours: 170 and 75.
        ("generated int", "([i]&[j])", &[("i", "170"), ("j", "75")], "10"),
        ("generated int", "([i]|[j])", &[("i", "170"), ("j", "75")], "235"),
        ("generated int", "([i]^[j])", &[("i", "170"), ("j", "75")], "225"),
        ("generated int", "(~[i])", &[("i", "170")], "-171"),
        // functions/cast-and-convert-transact-sql: numeric to int truncates, numeric to numeric rounds.
        ("generated int", "(CONVERT([int],[big]))", &[("big", "10.6496")], "10"),
        ("generated int", "(CONVERT([int],[big]))", &[("big", "-10.6496")], "-10"),
        ("generated decimal(18,0)", "(CONVERT([decimal](18,0),[big]))", &[("big", "10.6496")], "11"),
        ("generated decimal(18,0)", "(CONVERT([decimal](18,0),[big]))", &[("big", "-10.6496")], "-11"),
        // the same page: an int that does not fit a varchar is `*`.
        ("generated varchar(2)", "(CONVERT([varchar](2),[i]))", &[("i", "123")], "*"),
        ("generated varchar(2)", "(CONVERT([varchar](2),[i]))", &[("i", "12")], "12"),
        // functions/round-transact-sql: ROUND(150.75, 0) and ROUND(150.75, 0, 1).
        ("generated decimal(10,2)", "(round([m],(0)))", &[("m", "150.75")], "151.00"),
        ("generated decimal(10,2)", "(round([m],(0),(1)))", &[("m", "150.75")], "150.00"),
        ("generated decimal(10,2)", "(round([m],(1)))", &[("m", "-0.25")], "-0.30"),
        // functions/ceiling-transact-sql, functions/floor-transact-sql
        ("generated decimal(10,0)", "(ceiling([m]))", &[("m", "123.45")], "124"),
        ("generated decimal(10,0)", "(ceiling([m]))", &[("m", "-123.45")], "-123"),
        ("generated decimal(10,0)", "(floor([m]))", &[("m", "123.45")], "123"),
        ("generated decimal(10,0)", "(floor([m]))", &[("m", "-123.45")], "-124"),
        ("generated int", "(sign([i]))", &[("i", "-125")], "-1"),
        ("generated int", "(abs([i]))", &[("i", "-1")], "1"),
        // data-types/precision-scale-and-length-transact-sql: sums and products.
        ("generated decimal(21,4)", "([m]*[m])", &[("m", "12345678.91")], "152415787748818.7881"),
        ("generated decimal(12,2)", "([m]+(1))", &[("m", "99999999.99")], "100000000.99"),
        ("generated decimal(16,8)", "([m]/(100))", &[("m", "99999999.99")], "999999.99990000"),
        ("generated real", "([r]*[i])", &[("r", "0.1"), ("i", "3")], "0.3"),
        // data-types/bit-transact-sql: any value that is not 0 is 1; TRUE is 1.
        ("default bit", "((2))", &[], "t"),
        ("default bit", "('TRUE')", &[], "t"),
        ("default bit", "((0))", &[], "f"),
        ("default int", "((0))", &[], "0"),
        ("check", "([b]=(0))", &[("b", "NULL")], "NULL"),
        ("check", "([b]=(0))", &[("b", "false")], "t"),
        // data-types/int-bigint-smallint-and-tinyint-transact-sql: an int constant above 2,147,483,647 is decimal.
        ("default varchar(20)", "((3000000000.))", &[], "3000000000"),
        ("default varbinary(10)", "((1))", &[], "\\x00000001"),
        // functions/choose-transact-sql
        ("generated varchar(9)", "(choose([i],'Manager','Director','Developer','Tester'))", &[("i", "3")], "Developer"),
        ("generated varchar(9)", "(choose([i],'Manager','Director','Developer','Tester'))", &[("i", "9")], "NULL"),
        ("generated int", "(nullif([i],(4)))", &[("i", "4")], "NULL"),
        ("generated int", "(nullif([i],(4)))", &[("i", "5")], "5"),
        ("generated varchar(3)", "(iif([i]>(0),'yes','no'))", &[("i", "NULL")], "no"),
    ]).await;
}

#[rustfmt::skip] // a table is read by columns
#[tokio::test]
async fn dates_are_those_that_are_documented() {
    const BOUNDARY: &[(&str, &str)] = &[("dt", "'2005-12-31 23:59:59.997'"), ("dt2", "'2006-01-01'")];
    known("dates", &[
        // functions/datediff-transact-sql: adjacent times, one boundary of every part; a week begins on Sunday.
        ("generated int", "(datediff(year,[dt],[dt2]))", BOUNDARY, "1"),
        ("generated int", "(datediff(quarter,[dt],[dt2]))", BOUNDARY, "1"),
        ("generated int", "(datediff(month,[dt],[dt2]))", BOUNDARY, "1"),
        ("generated int", "(datediff(dayofyear,[dt],[dt2]))", BOUNDARY, "1"),
        ("generated int", "(datediff(day,[dt],[dt2]))", BOUNDARY, "1"),
        ("generated int", "(datediff(week,[dt],[dt2]))", BOUNDARY, "1"),
        ("generated int", "(datediff(hour,[dt],[dt2]))", BOUNDARY, "1"),
        ("generated int", "(datediff(minute,[dt],[dt2]))", BOUNDARY, "1"),
        ("generated int", "(datediff(second,[dt],[dt2]))", BOUNDARY, "1"),
        ("generated int", "(datediff(day,[dt2],[dt]))", BOUNDARY, "-1"),
        ("generated int", "(datediff(week,[d],[dt]))", &[("d", "'2006-01-01'"), ("dt", "'2006-01-07'")], "0"),
        ("generated int", "(datediff(week,[d],[dt]))", &[("d", "'0001-01-01'"), ("dt", "'9999-12-31'")], "521722"),
        ("generated int", "(datediff(hour,[dt],[dt2]))", &[("dt", "'1900-01-01'"), ("dt2", "'9999-12-31 23:59:59.997'")], "71003135"),
        // functions/dateadd-transact-sql: a month has no day 31.
        ("generated date", "(dateadd(month,(1),[d]))", &[("d", "'2006-08-30'")], "2006-09-30"),
        ("generated date", "(dateadd(month,(1),[d]))", &[("d", "'2006-08-31'")], "2006-09-30"),
        ("generated date", "(dateadd(year,(1),[d]))", &[("d", "'2020-02-29'")], "2021-02-28"),
        ("generated date", "(dateadd(quarter,(-1),[d]))", &[("d", "'2020-05-31'")], "2020-02-29"),
        ("generated datetime", "(dateadd(week,[i],[dt]))", &[("dt", "'2020-02-29 12:00:00.003'"), ("i", "2")], "2020-03-14 12:00:00.003"),
        ("generated datetime", "([dt]+(1))", &[("dt", "'2020-02-28 12:00'")], "2020-02-29 12:00:00"),
        // functions/eomonth-transact-sql
        ("generated date", "(eomonth([d]))", &[("d", "'2011-12-01'")], "2011-12-31"),
        ("generated date", "(eomonth([d],(1)))", &[("d", "'2012-01-31'")], "2012-02-29"),
        ("generated date", "(eomonth([d],(-1)))", &[("d", "'2012-03-31'")], "2012-02-29"),
        // functions/datefromparts-transact-sql
        ("generated date", "(datefromparts([i],(12),(31)))", &[("i", "2010")], "2010-12-31"),
        // functions/datetrunc-transact-sql: 2021-12-08 11:30:15
        ("generated datetime", "(datetrunc(quarter,[dt]))", &[("dt", "'2021-12-08 11:30:15.123'")], "2021-10-01 00:00:00"),
        ("generated datetime", "(datetrunc(iso_week,[dt]))", &[("dt", "'2021-12-08 11:30:15.123'")], "2021-12-06 00:00:00"),
        ("generated datetime", "(datetrunc(minute,[dt]))", &[("dt", "'2021-12-08 11:30:15.123'")], "2021-12-08 11:30:00"),
        // functions/datepart-transact-sql: 2007-10-30 12:15:32
        ("generated int", "(datepart(quarter,[dt]))", &[("dt", "'2007-10-30 12:15:32.123'")], "4"),
        ("generated int", "(datepart(dayofyear,[dt]))", &[("dt", "'2007-10-30 12:15:32.123'")], "303"),
        ("generated int", "(datepart(second,[dt]))", &[("dt", "'2007-10-30 12:15:59.997'")], "59"),
        ("generated int", "(datepart(iso_week,[d]))", &[("d", "'2008-12-29'")], "1"),
        // functions/cast-and-convert-transact-sql: styles.
        ("generated varchar(8)", "(CONVERT([varchar](8),[d],(112)))", &[("d", "'0987-06-05'")], "09870605"),
        ("generated varchar(10)", "(CONVERT([varchar](10),[dt],(101)))", &[("dt", "'2006-12-30 00:38:54.840'")], "12/30/2006"),
        ("generated varchar(10)", "(CONVERT([varchar](10),[dt],(104)))", &[("dt", "'2006-12-30 00:38:54.840'")], "30.12.2006"),
        ("generated varchar(19)", "(CONVERT([varchar](19),[dt],(120)))", &[("dt", "'2006-12-30 00:38:54.840'")], "2006-12-30 00:38:54"),
        ("generated varchar(23)", "(CONVERT([varchar](23),[dt],(121)))", &[("dt", "'2006-12-30 00:38:54.007'")], "2006-12-30 00:38:54.007"),
        ("generated varchar(8)", "(CONVERT([varchar](8),[dt],(108)))", &[("dt", "'2006-12-30 23:59:59.997'")], "23:59:59"),
        ("check", "(CONVERT([varchar](19),[dt],(126))='2006-12-30T00:38:54' COLLATE Latin1_General_BIN2)", &[("dt", "'2006-12-30 00:38:54.840'")], "t"),
        ("check", "(CONVERT([varchar](10),[d],(103))='05/06/0987' COLLATE Latin1_General_BIN2)", &[("d", "'0987-06-05'")], "t"),
        // data-types/smalldatetime-transact-sql: 29.998 seconds down, 29.999 up.
        ("generated smalldatetime", "(CONVERT([smalldatetime],[dt]))", &[("dt", "'2007-05-09 12:35:29.997'")], "2007-05-09 12:35:00"),
        ("generated smalldatetime", "(CONVERT([smalldatetime],[dt]))", &[("dt", "'2007-05-09 12:35:30'")], "2007-05-09 12:36:00"),
        ("generated date", "(CONVERT([date],[dt]))", &[("dt", "'2007-05-09 23:59:59.997'")], "2007-05-09"),
        // data-types/datetime-transact-sql: day 0 is 1900-01-01, and .123 is stored so.
        ("default datetime", "((0))", &[], "1900-01-01 00:00:00"),
        ("default datetime", "((2))", &[], "1900-01-03 00:00:00"),
        ("default datetime", "('20200102 12:30:15.125')", &[], "2020-01-02 12:30:15.127"),
        ("default datetime", "('20200102 12:30:15.124')", &[], "2020-01-02 12:30:15.123"),
        ("default date", "('')", &[], "1900-01-01"),
        ("check", "([d]>='1930-01-01' AND [d]<=dateadd(year,(-18),getdate()))", &[("d", "'1999-01-01'")], "t"),
        ("check", "([d]>='1930-01-01' AND [d]<=dateadd(year,(-18),getdate()))", &[("d", "'1929-12-31'")], "f"),
    ]).await;
}

#[rustfmt::skip] // a table is read by columns
#[tokio::test]
async fn texts_are_those_that_are_documented() {
    known("texts", &[
        // functions/len-transact-sql: without trailing blanks; without _SC a character beyond U+FFFF is two.
        ("generated int", "(len([v]))", &[("v", "'a  '")], "1"),
        ("generated int", "(len([v]))", &[("v", "' a'")], "2"),
        ("generated int", "(len([v]))", &[("v", "'  '")], "0"),
        ("generated int", "(len([c]))", &[("c", "'ab'")], "2"),
        ("generated int", "(len([n]))", &[("n", "'a😀ü '")], "4"),
        ("generated int", "(len([n_sc]))", &[("n_sc", "'a😀ü '")], "3"),
        ("generated int", "(datalength([n]))", &[("n", "'a😀 '")], "8"),
        ("generated int", "(datalength([v]))", &[("v", "'a  '")], "3"),
        // language-elements/string-concatenation-transact-sql: NULL makes NULL; char brings its blanks.
        ("generated varchar(40)", "([v]+[w])", &[("v", "'a'")], "NULL"),
        ("generated varchar(25)", "([c]+[v])", &[("c", "'ab'"), ("v", "'x'")], "ab   x"),
        ("generated varchar(25)", "(rtrim([c])+[v])", &[("c", "'ab'"), ("v", "'x'")], "abx"),
        // functions/concat-transact-sql: NULL is empty.
        ("generated varchar(60)", "(concat([v],[w],[i],'/','25'))", &[("v", "'Birthday '"), ("i", "11")], "Birthday 11/25"),
        ("check", "(concat_ws(',',[v],[w],[c])='1,2    ' COLLATE Latin1_General_BIN2)", &[("v", "'1'"), ("c", "'2'")], "t"),
        // functions/isnull-transact-sql: the type of the first argument.
        ("generated varchar(20)", "(isnull([v],'0123456789012345678901234567890'))", &[], "01234567890123456789"),
        // functions/stuff-transact-sql
        ("generated varchar(26)", "(stuff([v],(2),(3),'ijklmn'))", &[("v", "'abcdef'")], "aijklmnef"),
        ("generated varchar(21)", "(stuff([v],(9),(3),'x'))", &[("v", "'abcdef'")], "NULL"),
        ("generated varchar(21)", "(stuff([v],(6),(9),'x'))", &[("v", "'abcdef'")], "abcdex"),
        // functions/substring-transact-sql: a start below 1 takes from the length.
        ("generated varchar(3)", "(substring([v],(2),(3)))", &[("v", "'abcdef'")], "bcd"),
        ("generated varchar(2)", "(substring([v],(0),(2)))", &[("v", "'abcdef'")], "a"),
        ("generated varchar(2)", "(substring([v],(-1),(2)))", &[("v", "'abcdef'")], ""),
        ("generated varchar(9)", "(substring([v],(5),(9)))", &[("v", "'abcdef'")], "ef"),
        ("generated varchar(3)", "(left([v],(3)))", &[("v", "'ab'")], "ab"),
        ("generated varchar(3)", "(right([v],(3)))", &[("v", "'abcdef'")], "def"),
        ("generated varchar(3)", "(right([v],(0)))", &[("v", "'abcdef'")], ""),
        ("generated varchar(20)", "(reverse([v]))", &[("v", "'abc'")], "cba"),
        ("generated varchar(20)", "(replace([v_bin],'b','xy'))", &[("v_bin", "NULL")], "NULL"),
        ("generated varchar(20)", "(replace([v_bin],'b',''))", &[("v_bin", "'abBba'")], "aBa"),
        ("generated varchar(20)", "(ltrim([v]))", &[("v", "'  a '")], "a "),
        ("generated varchar(36)", "(CONVERT([varchar](36),[g]))", &[("g", "'6f9619ff-8b86-d011-b42d-00c04fc964ff'")], "6F9619FF-8B86-D011-B42D-00C04FC964FF"),
        // functions/charindex-transact-sql: 0 where it is not found.
        ("check", "(charindex('CYCLE',[v])=(2))", &[("v", "'bcycle'")], "t"),
        ("check", "(charindex('x',[v])=(0))", &[("v", "'bcycle'")], "t"),
    ]).await;
}

#[rustfmt::skip] // a table is read by columns
#[tokio::test]
async fn comparisons_are_those_of_the_collation() {
    known("comparisons", &[
        // sql/relational-databases/collations/collation-and-unicode-support: CI, CS; ANSI padding of comparisons.
        ("check", "([v]='a')", &[("v", "'A'")], "t"),
        ("check", "([v]='A')", &[("v", "'a'")], "t"),
        ("check", "([v_cs]='A')", &[("v_cs", "'a'")], "f"),
        ("check", "([v_bin]='A')", &[("v_bin", "'a'")], "f"),
        ("check", "([v]='A')", &[("v", "'a   '")], "t"),
        ("check", "([v]='A   ')", &[("v", "'a'")], "t"),
        ("check", "([v]='A')", &[("v", "' a'")], "f"),
        ("check", "([v]<>'')", &[("v", "'   '")], "f"),
        ("check", "([v]='A')", &[("v", "'ä'")], "f"),
        ("check", "([v]='A' OR [v]='B')", &[("v", "NULL")], "NULL"),
        ("check", "([c]='AB')", &[("c", "'ab'")], "t"),
        ("check", "([v] in ('A','B'))", &[("v", "'b '")], "t"),
        ("check", "([v] not in ('A','B'))", &[("v", "'b '")], "f"),
        ("check", "(upper([v])='M' OR upper([v])='F')", &[("v", "'f'")], "t"),
        ("check", "(upper([c])='M')", &[("c", "'m'")], "t"),
        ("check", "(upper(rtrim([c])) like 'M')", &[("c", "'m'")], "t"),
        ("check", "(lower([nc])=N'm')", &[("nc", "'M'")], "t"),
        ("check", "([v_bin]=[w_bin])", &[("v_bin", "'a '"), ("w_bin", "'a'")], "t"),
        ("check", "([n]=N'A')", &[("n", "'a'")], "t"),
        // language-elements/like-transact-sql
        ("check", "([v] like 'A%')", &[("v", "'abc'")], "t"),
        ("check", "([v] like '[CK]ars[EO]n')", &[("v", "'Larsen'")], "f"),
        ("check", "([v] like '[CK]ars[EO]n')", &[("v", "'karson'")], "t"),
        ("check", "([v] like 'M[^c]%')", &[("v", "'McBadden'")], "f"),
        ("check", "([v] like 'M[^c]%')", &[("v", "'MacFeather'")], "t"),
        ("check", "([v_bin] like '[a-c]%')", &[("v_bin", "'bcd'")], "t"),
        ("check", "([v_bin] like '[a-c]%')", &[("v_bin", "'Bcd'")], "f"),
        ("check", "([v_bin] like '[a-c]%')", &[("v_bin", "'dbc'")], "f"),
        ("check", "([v] like '5[%]')", &[("v", "'5%'")], "t"),
        ("check", "([v] like '5[%]')", &[("v", "'57'")], "f"),
        ("check", "([v] like '[_]n')", &[("v", "'_n'")], "t"),
        ("check", "([v] like '[_]n')", &[("v", "'an'")], "f"),
        ("check", "([v] like '[-a]')", &[("v", "'-'")], "t"),
        ("check", "([v] like '[[]')", &[("v", "'['")], "t"),
        ("check", "([v] like '%30!%%' escape '!')", &[("v", "'at 30% off'")], "t"),
        ("check", "([v] like '%30!%%' escape '!')", &[("v", "'at 300 off'")], "f"),
        ("check", "([v] like 'a\\b%')", &[("v", "'a\\bc'")], "t"),
        ("check", "([v] like '_b')", &[("v", "E'\\nb'")], "t"),
        // the same page: trailing blanks of char and varchar are not seen, those of nvarchar are.
        ("check", "([v] like 'abc')", &[("v", "'abc  '")], "t"),
        ("check", "([v] like 'abc ')", &[("v", "'abc'")], "f"),
        ("check", "([c] like 'abc')", &[("c", "'abc'")], "t"),
        ("check", "([n] like N'abc')", &[("n", "'abc '")], "f"),
        ("check", "([nc] like N'abc  ')", &[("nc", "'abc'")], "t"),
        ("check", "(NOT [v] like '%[^0-9]%')", &[("v", "'12 3'")], "f"),
        ("check", "(NOT [v] like '%[^0-9]%')", &[("v", "'123'")], "t"),
        ("check", "(NOT [v] like '%[^0-9]%')", &[("v", "NULL")], "NULL"),
        ("check", "(patindex('%[0-9]%',[v])>(0))", &[("v", "'ab1'")], "t"),
        ("check", "(patindex('%[0-9]%',[v])=(0))", &[("v", "'ab'")], "t"),
        ("check", "([i] not in ((1),NULL))", &[("i", "2")], "NULL"),
    ]).await;
}

/// functions/getdate-transact-sql: one instant for all rows of a statement, another for the next statement.
#[tokio::test]
async fn the_time_is_that_of_the_statement() {
    let client = schema("time").await;
    let sql = translated("default datetime2(7)", "(sysdatetime())").0.unwrap().sql;
    client
        .batch_execute(&format!("CREATE TABLE own (i integer, own timestamp(6) DEFAULT {sql})"))
        .await
        .unwrap();
    client.batch_execute("BEGIN").await.unwrap();
    for statement in ["INSERT INTO own (i) SELECT generate_series(1, 1000)", "INSERT INTO own (i) VALUES (0)"]
    {
        client.batch_execute(statement).await.unwrap();
    }
    client.batch_execute("COMMIT").await.unwrap();
    assert_eq!(value(&client, "SELECT count(DISTINCT own) FROM own").await, "2");
    for zone in ["UTC", "Asia/Kolkata"] {
        client.batch_execute(&format!("SET timezone = '{zone}'")).await.unwrap();
        for (ty, text, now) in [
            ("datetime", "(getdate())", "localtimestamp(3)"),
            ("datetime", "(getutcdate())", "(now() AT TIME ZONE 'UTC')"),
            ("datetimeoffset(7)", "(sysdatetimeoffset())", "now()"),
            // A datetime2 has no offset, and gets +00:00.
            ("datetimeoffset(7)", "(sysutcdatetime())", "now()"),
            ("datetimeoffset(7)", "(getdate())", "(localtimestamp(3) AT TIME ZONE 'UTC')"),
            ("date", "(CONVERT([date],getdate()))", "current_date"),
        ] {
            let sql = translated(&format!("default {ty}"), text).0.unwrap().sql;
            let near = format!(
                "SELECT abs(extract(epoch FROM ({sql}))::numeric - extract(epoch FROM {now})::numeric) < 60"
            );
            assert_eq!(value(&client, &near).await, "t", "{text} in {zone}");
        }
    }
}

/// What is promised of a translation's steadiness is what PostgreSQL thinks of it.
#[tokio::test]
async fn what_is_said_to_be_immutable_is_taken_by_an_index() {
    let client = schema("volatility").await;
    table(&client, "").await;
    let mut seen = [0; 2];
    for (purpose, text) in CASES.lines().filter_map(|line| line.split_once(": ")) {
        if purpose != "check" {
            continue;
        }
        let Ok(answer) = translated(purpose, text).0 else { continue };
        let taken =
            client.batch_execute(&format!("CREATE INDEX k ON t (i) WHERE {}", answer.sql)).await.is_ok();
        let immutable = answer.volatility == Volatility::Immutable;
        assert_eq!(taken, immutable, "{text}\n{}", answer.sql);
        seen[usize::from(immutable)] += 1;
        client.batch_execute("DROP INDEX IF EXISTS k").await.unwrap();
    }
    assert!(seen[0] >= 5 && seen[1] > 100, "{seen:?}");
}

#[rustfmt::skip] // a table is read by columns
#[tokio::test]
async fn midnights_and_offsets_are_those_that_are_documented() {
    known("midnights", &[
        // functions/dateadd-transact-sql, functions/datediff-transact-sql: whole parts since 1900-01-01.
        ("generated datetime", "(dateadd(day,(0),datediff(day,(0),[dt])))", &[("dt", "'2020-02-29 23:59:59.997'")], "2020-02-29 00:00:00"),
        ("generated datetime", "(dateadd(day,datediff(day,(0),[dt]),(0)))", &[("dt", "'1899-12-31 12:00'")], "1899-12-31 00:00:00"),
        ("generated datetime", "(dateadd(day,(1),datediff(day,(0),[dt])))", &[("dt", "'2020-02-29 12:00'")], "2020-03-01 00:00:00"),
        ("generated datetime", "(dateadd(month,datediff(month,(0),[d]),(0)))", &[("d", "'2020-02-29'")], "2020-02-01 00:00:00"),
        ("generated datetime", "(dateadd(month,datediff(month,(0),[dt])+(1),(0)))", &[("dt", "'2020-12-31 12:00'")], "2021-01-01 00:00:00"),
        // A week begins on Sunday, and 1900-01-01 is a Monday: Sunday belongs to the Monday after it.
        ("generated datetime", "(dateadd(week,datediff(week,(0),[dt]),(0)))", &[("dt", "'2026-11-29 12:00'")], "2026-11-30 00:00:00"),
        ("generated datetime", "(dateadd(week,datediff(week,(0),[dt]),(0)))", &[("dt", "'2026-11-28 12:00'")], "2026-11-23 00:00:00"),
        ("generated datetime", "(CONVERT([datetime],floor(CONVERT([float],[dt]))))", &[("dt", "'2020-02-29 23:59:59.997'")], "2020-02-29 00:00:00"),
        // functions/switchoffset-transact-sql: '1998-09-20 7:45:50.71345 -5:00' at -08:00 is 04:45:50.
        ("generated date", "(CONVERT([date],switchoffset([o],'+05:30')))", &[("o", "'2020-01-31 19:00:00+00'")], "2020-02-01"),
        ("generated date", "(CONVERT([date],switchoffset([o],(-60))))", &[("o", "'2020-01-01 00:30:00+00'")], "2019-12-31"),
        ("check", "(CONVERT([datetime2](3),switchoffset([o],'-08:00'))='1998-09-20 04:45:50.713')", &[("o", "'1998-09-20 7:45:50.713-5:00'")], "t"),
        ("check", "([o]=switchoffset('1998-09-20 07:45:50.713 -05:00','-08:00'))", &[("o", "'1998-09-20 12:45:50.713+00'")], "t"),
        // functions/todatetimeoffset-transact-sql
        ("check", "([o]=todatetimeoffset([d2],'-05:00'))", &[("o", "'2020-01-01 17:00+00'"), ("d2", "'2020-01-01 12:00'")], "t"),
        ("check", "([o]=todatetimeoffset('2020-01-01 12:00',(-300)))", &[("o", "'2020-01-01 17:00+00'")], "t"),
        ("check", "(todatetimeoffset([d2],'+02:00') AT TIME ZONE 'UTC'=[o])", &[("o", "'2020-01-01 10:00+00'"), ("d2", "'2020-01-01 12:00'")], "t"),
    ]).await;
}

#[rustfmt::skip] // a table is read by columns
#[tokio::test]
async fn json_and_ranges_of_letters_are_those_that_are_documented() {
    const JSON: &[(&str, &str)] = &[("nm", r#"'{"a":[{"b":"x\u00e9"},1.50],"c": {"d" : null, "e":1},"f":true}'"#)];
    known("json_ranges", &[
        // functions/json-value-transact-sql, functions/json-query-transact-sql: lax is NULL for what is of the other kind.
        ("generated nvarchar(4000)", "(json_value([nm],'$.a[0].b'))", JSON, "xé"),
        ("generated nvarchar(4000)", "(json_value([nm],'$.a[1]'))", JSON, "1.50"),
        ("generated nvarchar(4000)", "(json_value([nm],'$.f'))", JSON, "true"),
        ("generated nvarchar(4000)", "(json_value([nm],'$.c.d'))", JSON, "NULL"),
        ("generated nvarchar(4000)", "(json_value([nm],'$.c'))", JSON, "NULL"),
        ("generated nvarchar(4000)", "(json_value([nm],'$.A'))", JSON, "NULL"),
        ("generated nvarchar(4000)", "(json_value([nm],'$.c[0]'))", JSON, "NULL"),
        ("generated nvarchar(4000)", "(json_value([nm],'$.a.b'))", JSON, "NULL"),
        ("generated nvarchar(4000)", "(json_query([nm],'$.c'))", JSON, r#"{"d" : null, "e":1}"#),
        ("generated nvarchar(4000)", "(json_query([nm],'$.a[0]'))", JSON, r#"{"b":"x\u00e9"}"#),
        ("generated nvarchar(4000)", "(json_query([nm],'$.f'))", JSON, "NULL"),
        ("generated nvarchar(4000)", "(json_query([nm],'$.x'))", JSON, "NULL"),
        ("generated nvarchar(4000)", "(json_query([nm],'$.c'))", &[], "NULL"),
        // language-elements/like-transact-sql: a range is one of the collation's order, without regard to case here.
        ("check", "([v] like '[A-C][0-9]')", &[("v", "'b5 '")], "t"),
        ("check", "([v] like '[A-C][0-9]')", &[("v", "'d5'")], "f"),
        ("check", "([v] like '[A-C][0-9]')", &[("v", "'!5'")], "f"),
        ("check", "([v] like '[a-z]%')", &[("v", "'Éa'")], "t"),
        ("check", "([v] not like '%[^A-Z]%')", &[("v", "'École'")], "t"),
        ("check", "([v] not like '%[^A-Z]%')", &[("v", "'a1'")], "f"),
        ("check", "(NOT [v] like '%[^A-Z]%')", &[("v", "'ÉA'")], "t"),
        ("check", "([v] like '%[^A-Z]%')", &[("v", "'é'")], "t"),
        ("check", "([v] like '%[^A-Z]%')", &[("v", "'abC'")], "f"),
        ("check", "([v_ai] like '[A-Z]%')", &[("v_ai", "'éa'")], "t"),
        // functions/cast-and-convert-transact-sql, string concatenation with what is converted.
        ("generated nvarchar(20)", "(N'No. '+CONVERT([nvarchar](10),[i]))", &[("i", "-42")], "No. -42"),
        ("generated nvarchar(20)", "(N'No. '+CONVERT([nvarchar](10),[i]))", &[], "NULL"),
        ("generated varchar(20)", "('No. '+CONVERT([varchar](10),[m]))", &[("m", "1.5")], "No. 1.50"),
        ("default xml", "(N'<a><b></b>x</a>')", &[], "<a><b/>x</a>"),
        ("default sql_variant", "((1.50))", &[], "1.50"),
        ("default char(2) of Chinese_PRC_CI_AS", "(N'女')", &[], "女 "),
        ("default datetime", "({ts '2020-01-31 10:11:12.123'})", &[], "2020-01-31 10:11:12.123"),
    ]).await;
}
