//! A backend without an engine: one table of all types with known values, and nothing else.

use mssim::collation;
use mssim::results::{Backend, EnvChange, Flow, Login, Parameter, Results, Session, SqlError};
use mssim::types::{Column, Len, SqlType, UdtKind};
use mssim::value::Value;

/// User and password that are let in.
pub(crate) const USER: &str = "sa";
pub(crate) const PASSWORD: &str = "Sh4rd-ferry!";

pub(crate) struct Fixed;

fn error(number: i32, severity: u8, message: &str) -> SqlError {
    SqlError { number, state: 1, severity, message: message.to_owned(), line: 1 }
}

impl Backend for Fixed {
    fn login(&self, login: &Login) -> Result<Box<dyn Session>, SqlError> {
        if (login.user.as_str(), login.password.as_str()) != (USER, PASSWORD) {
            return Err(error(18456, 14, &format!("Login failed for user '{}'.", login.user)));
        }
        Ok(Box::new(FixedSession { transaction: None }))
    }
}

struct FixedSession {
    transaction: Option<u64>,
}

impl Session for FixedSession {
    fn database(&self) -> &str {
        "matrix"
    }

    fn batch(
        &mut self,
        sql: &str,
        parameters: &[Parameter],
        results: &mut dyn Results,
    ) -> Result<(), SqlError> {
        if sql.contains("FROM dbo.type_matrix") {
            let wanted = parameters.first().map(|p| &p.value);
            matrix(wanted, results);
        } else if let Some(count) = sql.strip_prefix("SELECT n FROM dbo.numbers WHERE n <= ") {
            numbers(count.trim().parse().unwrap_or(0), results);
        } else if sql.contains("dbo.missing") {
            let _ = results.error(&error(208, 16, "Invalid object name 'dbo.missing'."));
            let _ = results.done(None);
        } else if sql.ends_with("BEGIN TRANSACTION") {
            self.transaction = Some(7);
            let _ = results.env_change(&EnvChange::BeginTransaction(7));
            let _ = results.done(None);
        } else if sql.ends_with("COMMIT TRANSACTION") {
            let _ = results.env_change(&EnvChange::CommitTransaction(self.transaction.take().unwrap_or(0)));
            let _ = results.done(None);
        } else {
            let _ = results.done(None);
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.transaction = None;
    }
}

fn numbers(count: i64, results: &mut dyn Results) {
    let column = column("n", SqlType::BigInt, false);
    if results.columns(&[column]) == Flow::Stop {
        return;
    }
    for n in 1..=count {
        if results.row(&[Value::Int(n)]) == Flow::Stop {
            return;
        }
    }
    let _ = results.done(Some(count.unsigned_abs()));
}

/// All rows, or the one whose `id` is `wanted`.
fn matrix(wanted: Option<&Value>, results: &mut dyn Results) {
    let cells = cells();
    let columns: Vec<Column> = cells.iter().map(|c| c.0.clone()).collect();
    let row = |at: usize| -> Vec<Value> { cells.iter().map(|c| c.1[at].clone()).collect() };
    if results.columns(&columns) == Flow::Stop || results.order(&[1]) == Flow::Stop {
        return;
    }
    let rows: Vec<_> = (0..3).map(row).filter(|r| wanted.is_none_or(|w| r[0] == *w)).collect();
    for row in &rows {
        if results.row(row) == Flow::Stop {
            return;
        }
    }
    let _ = results.done(Some(rows.len() as u64));
}

fn column(name: &str, ty: SqlType, nullable: bool) -> Column {
    let text = matches!(
        ty,
        SqlType::Char(_)
            | SqlType::VarChar(_)
            | SqlType::Text
            | SqlType::NChar(_)
            | SqlType::NVarChar(_)
            | SqlType::NText
    );
    let collation = text.then_some(collation::DEFAULT);
    Column { name: name.to_owned(), ty, nullable, collation, identity: false, computed: false }
}

fn text(text: &str) -> Value {
    Value::Text(text.as_bytes().to_vec())
}

/// A column and its values: a usual row, NULLs, the edges of the type.
type Cells = Vec<(Column, [Value; 3])>;

fn nullable(cells: &mut Cells, name: &str, ty: SqlType, usual: Value, edge: Value) {
    cells.push((column(name, ty, true), [usual, Value::Null, edge]));
}

fn cells() -> Cells {
    let mut cells: Cells = Vec::new();
    let fixed = |name: &str, ty, values| (column(name, ty, false), values);
    cells.push(fixed("id", SqlType::Int, [1, 2, 3].map(Value::Int)));
    cells.push(fixed("f_bigint", SqlType::BigInt, [5, 6, i64::MIN].map(Value::Int)));
    cells.push(fixed("f_bit", SqlType::Bit, [true, false, true].map(Value::Bit)));
    cells.push(fixed("f_money", SqlType::Money, [12_345_678, -1, i128::from(i64::MAX)].map(Value::Decimal)));
    cells.push(fixed("f_float", SqlType::Float, [0.5, -0.0, f64::MAX].map(Value::Float)));
    numeric_cells(&mut cells);
    moment_cells(&mut cells);
    text_cells(&mut cells);
    binary_cells(&mut cells);
    cells
}

fn numeric_cells(cells: &mut Cells) {
    nullable(cells, "c_bit", SqlType::Bit, Value::Bit(true), Value::Bit(false));
    nullable(cells, "c_tinyint", SqlType::TinyInt, Value::Int(7), Value::Int(255));
    nullable(cells, "c_smallint", SqlType::SmallInt, Value::Int(-7), Value::Int(-32768));
    nullable(cells, "c_int", SqlType::Int, Value::Int(70_000), Value::Int(-2_147_483_648));
    nullable(cells, "c_bigint", SqlType::BigInt, Value::Int(1 << 40), Value::Int(i64::MAX));
    let ty = SqlType::Decimal { precision: 9, scale: 2 };
    nullable(cells, "c_decimal9", ty, Value::Decimal(-12345), Value::Decimal(999_999_999));
    let ty = SqlType::Numeric { precision: 38, scale: 10 };
    nullable(cells, "c_numeric38", ty, Value::Decimal(15_000_000_000), Value::Decimal(1 - 10_i128.pow(38)));
    nullable(
        cells,
        "c_smallmoney",
        SqlType::SmallMoney,
        Value::Decimal(19_999),
        Value::Decimal(i32::MIN.into()),
    );
    nullable(cells, "c_money", SqlType::Money, Value::Decimal(-5), Value::Decimal(i64::MIN.into()));
    nullable(cells, "c_real", SqlType::Real, Value::Real(1.5), Value::Real(-0.25));
    nullable(cells, "c_float", SqlType::Float, Value::Float(1e100), Value::Float(-2.5e-7));
}

fn moment_cells(cells: &mut Cells) {
    const DAY_2024_02_29: i32 = 738_944;
    const DAY_9999_12_31: i32 = 3_652_058;
    // 13:14:15.1234567
    const CLOCK: u64 = 476_551_234_567;
    const LAST: u64 = 863_999_999_999;
    nullable(cells, "c_date", SqlType::Date, Value::Date(DAY_2024_02_29), Value::Date(0));
    nullable(cells, "c_time7", SqlType::Time(7), Value::Time(CLOCK), Value::Time(LAST));
    nullable(
        cells,
        "c_time0",
        SqlType::Time(0),
        Value::Time(CLOCK / 10_000_000 * 10_000_000),
        Value::Time(0),
    );
    let usual = Value::DateTime { days: 45_349, ticks: 14_296_537 };
    nullable(cells, "c_datetime", SqlType::DateTime, usual, Value::DateTime { days: -53_690, ticks: 0 });
    let usual = Value::DateTime { days: 45_349, ticks: 18_000 * 794 };
    let edge = Value::DateTime { days: 65_535, ticks: 18_000 * 1439 };
    nullable(cells, "c_smalldatetime", SqlType::SmallDateTime, usual, edge);
    let usual = Value::DateTime2 { days: DAY_2024_02_29, ticks: CLOCK / 10_000 * 10_000 };
    nullable(cells, "c_datetime2_3", SqlType::DateTime2(3), usual, Value::DateTime2 { days: 0, ticks: 0 });
    let usual = Value::DateTime2 { days: DAY_2024_02_29, ticks: CLOCK };
    let edge = Value::DateTime2 { days: DAY_9999_12_31, ticks: LAST };
    nullable(cells, "c_datetime2_7", SqlType::DateTime2(7), usual, edge);
    let usual = Value::DateTimeOffset { days: DAY_2024_02_29, ticks: CLOCK, offset: 330 };
    let edge = Value::DateTimeOffset { days: 1, ticks: 0, offset: -840 };
    nullable(cells, "c_datetimeoffset", SqlType::DateTimeOffset(7), usual, edge);
}

fn text_cells(cells: &mut Cells) {
    nullable(cells, "c_char", SqlType::Char(5), text("ab"), text("€ÿß"));
    nullable(cells, "c_varchar", SqlType::VarChar(Len::Limited(20)), text("Grüße"), text(""));
    let long = "0123456789".repeat(2000);
    nullable(cells, "c_varchar_max", SqlType::VarChar(Len::Max), text(&long), text(""));
    nullable(cells, "c_nchar", SqlType::NChar(4), text("日本"), text("😀"));
    nullable(cells, "c_nvarchar", SqlType::NVarChar(Len::Limited(20)), text("Ωmega 😀"), text(""));
    nullable(cells, "c_nvarchar_max", SqlType::NVarChar(Len::Max), text(&"ж日".repeat(5000)), text("x"));
    nullable(cells, "c_text", SqlType::Text, text("old text é"), text("t"));
    nullable(cells, "c_ntext", SqlType::NText, text("old ntext 日"), text("n"));
    nullable(cells, "c_xml", SqlType::Xml, text("<a b=\"1\">ж</a>"), text("<x/>"));
    for (name, collation, usual) in [
        ("c_cyrillic", "Cyrillic_General_CI_AS", "Привет"),
        ("c_utf8", "Latin1_General_100_CI_AS_SC_UTF8", "Grüße 日本 😀"),
    ] {
        let mut column = column(name, SqlType::VarChar(Len::Limited(40)), true);
        column.collation = collation::find(collation);
        cells.push((column, [text(usual), Value::Null, text("ascii")]));
    }
}

fn binary_cells(cells: &mut Cells) {
    let bytes = |b: &[u8]| Value::Bytes(b.to_vec());
    nullable(cells, "c_binary", SqlType::Binary(4), bytes(&[1, 2]), bytes(&[0xFF; 4]));
    nullable(cells, "c_varbinary", SqlType::VarBinary(Len::Limited(8)), bytes(&[0, 1, 0xFE]), bytes(&[]));
    nullable(cells, "c_varbinary_max", SqlType::VarBinary(Len::Max), bytes(&[0xAB; 9000]), bytes(&[]));
    nullable(cells, "c_image", SqlType::Image, bytes(&[9, 8, 7]), bytes(&[0]));
    nullable(
        cells,
        "c_rowversion",
        SqlType::RowVersion,
        bytes(&[0, 0, 0, 0, 0, 0, 7, 0xD1]),
        bytes(&[0xFF; 8]),
    );
    // 00112233-4455-6677-8899-AABBCCDDEEFF
    let guid = [0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF];
    nullable(cells, "c_guid", SqlType::UniqueIdentifier, Value::Guid(guid), Value::Guid([0; 16]));
    let number = Value::Variant(SqlType::Int, Box::new(Value::Int(42)));
    let name = Value::Variant(SqlType::NVarChar(Len::Limited(10)), Box::new(text("variant")));
    nullable(cells, "c_variant", SqlType::SqlVariant, number, name);
    let root = SqlType::Udt(UdtKind::HierarchyId);
    nullable(cells, "c_hierarchyid", root, bytes(&[0x58]), bytes(&[0x5A, 0xC0]));
}
