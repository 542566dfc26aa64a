use super::*;
use crate::types::Len;

#[test]
fn bytes_of_a_guid_are_ordered_as_sql_server_orders_them() {
    let wire: [u8; 16] = std::array::from_fn(|i| u8::try_from(i).unwrap());
    let stored = guid_to_ordered(&wire);
    assert_eq!(stored, [10, 11, 12, 13, 14, 15, 8, 9, 6, 7, 4, 5, 0, 1, 2, 3]);
    assert_eq!(guid_from_ordered(stored), wire);
}

fn ascending(ty: SqlType, values: &[Value]) {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch("CREATE TABLE t (n INTEGER, v)").unwrap();
    for (n, v) in (0_i64..).zip(values) {
        conn.execute("INSERT INTO t VALUES (?1, ?2)", (n, to_sqlite(&ty, v))).unwrap();
    }
    let mut query = conn.prepare("SELECT n, v FROM t ORDER BY v, n").unwrap();
    let mut rows = query.query([]).unwrap();
    let mut at = 0;
    while let Some(row) = rows.next().unwrap() {
        assert_eq!(row.get::<_, i64>(0).unwrap(), i64::try_from(at).unwrap(), "{ty:?}: {values:?}");
        assert_eq!(from_sqlite(&ty, row.get_ref(1).unwrap()).unwrap(), values[at], "{ty:?}");
        at += 1;
    }
    assert_eq!(at, values.len());
}

#[test]
fn stored_values_sort_as_they_do_in_sql_server_and_come_back() {
    use Value::*;
    let max = 10_i128.pow(38) - 1;
    let offset = |days, ticks, offset| DateTimeOffset { days, ticks, offset };
    let instant = |days, ticks| DateTime2 { days, ticks };
    let tables = [
        (SqlType::Bit, vec![Null, Bit(false), Bit(true)]),
        (SqlType::BigInt, vec![Null, Int(i64::MIN), Int(-1), Int(0), Int(i64::MAX)]),
        (
            SqlType::Decimal { precision: 38, scale: 0 },
            vec![Null, Decimal(-max), Decimal(-256), Decimal(-1), Decimal(0), Decimal(255), Decimal(max)],
        ),
        (
            SqlType::Money,
            vec![Null, Decimal(i128::from(i64::MIN)), Decimal(-1), Decimal(i128::from(i64::MAX))],
        ),
        (SqlType::Real, vec![Null, Real(f32::MIN), Real(-1.5), Real(0.0), Real(0.1), Real(f32::MAX)]),
        (
            SqlType::Float,
            vec![Null, Float(f64::MIN), Float(-0.1), Float(5e-324), Float(2.0), Float(f64::MAX)],
        ),
        (SqlType::Date, vec![Null, Date(0), Date(3_652_058)]),
        (SqlType::Time(7), vec![Null, Time(0), Time(863_999_999_999)]),
        (
            SqlType::DateTime,
            vec![
                Null,
                DateTime { days: -53_690, ticks: 0 },
                DateTime { days: -1, ticks: 25_919_999 },
                DateTime { days: 0, ticks: 0 },
                DateTime { days: 2_958_463, ticks: 25_919_999 },
            ],
        ),
        (
            SqlType::DateTime2(7),
            vec![Null, instant(0, 0), instant(0, 1), instant(3_652_058, 863_999_999_999)],
        ),
        (
            SqlType::DateTimeOffset(7),
            vec![
                Null,
                offset(0, 5, 840),
                offset(700_000, 0, -720),
                offset(700_000, 0, 1),
                offset(700_000, 1, -840),
            ],
        ),
        (
            SqlType::VarBinary(Len::Max),
            vec![Null, Bytes(vec![]), Bytes(vec![0]), Bytes(vec![0, 1]), Bytes(vec![255])],
        ),
    ];
    for (ty, values) in tables {
        ascending(ty, &values);
    }
    let guid = |text: &str| {
        let hex: Vec<u8> = text
            .replace('-', "")
            .as_bytes()
            .chunks(2)
            .map(|h| u8::from_str_radix(std::str::from_utf8(h).unwrap(), 16).unwrap())
            .collect();
        let mut g: [u8; 16] = hex.try_into().unwrap();
        g[..4].reverse();
        g[4..6].reverse();
        g[6..8].reverse();
        Guid(g)
    };
    // From Microsoft's own example of the order of uniqueidentifier (.NET SqlGuid.CompareTo).
    ascending(
        SqlType::UniqueIdentifier,
        &[
            guid("3AAAAAAA-BBBB-CCCC-DDDD-1EEEEEEEEEEE"),
            guid("2AAAAAAA-BBBB-CCCC-DDDD-2EEEEEEEEEEE"),
            guid("1AAAAAAA-BBBB-CCCC-DDDD-3EEEEEEEEEEE"),
        ],
    );
}

#[test]
fn variants_come_back_with_their_base_type_and_numbers_sort() {
    use Value::*;
    let variant = |ty, v| Variant(ty, Box::new(v));
    ascending(SqlType::SqlVariant, &[Null, variant(SqlType::Int, Int(-5)), variant(SqlType::Int, Int(7))]);
    for (ty, v) in [
        (SqlType::NVarChar(Len::Limited(10)), Text("é".as_bytes().to_vec())),
        (SqlType::Numeric { precision: 20, scale: 4 }, Decimal(-1234)),
        (SqlType::Float, Float(-0.25)),
        (SqlType::Real, Real(1.5)),
        (SqlType::DateTime2(3), DateTime2 { days: 738_000, ticks: 10_000 }),
        (SqlType::UniqueIdentifier, Guid([7; 16])),
        (SqlType::VarBinary(Len::Limited(3)), Bytes(vec![1, 2, 3])),
    ] {
        let value = variant(ty, v);
        let stored = to_sqlite(&SqlType::SqlVariant, &value);
        assert_eq!(from_sqlite(&SqlType::SqlVariant, stored.as_ref()).unwrap(), value);
    }
}

#[test]
fn a_lone_surrogate_and_a_negative_zero_survive() {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch("CREATE TABLE t (v)").unwrap();
    let lone = Value::Text(vec![b'a', 0xED, 0xA0, 0x80, b'b', 0]);
    let zero = Value::Float(-0.0);
    let text = SqlType::NVarChar(Len::Limited(5));
    conn.execute(
        "INSERT INTO t VALUES (?1), (?2)",
        (to_sqlite(&text, &lone), to_sqlite(&SqlType::Float, &zero)),
    )
    .unwrap();
    let mut query = conn.prepare("SELECT v FROM t").unwrap();
    let mut rows = query.query([]).unwrap();
    assert_eq!(from_sqlite(&text, rows.next().unwrap().unwrap().get_ref(0).unwrap()).unwrap(), lone);
    let row = rows.next().unwrap().unwrap();
    let Value::Float(f) = from_sqlite(&SqlType::Float, row.get_ref(0).unwrap()).unwrap() else { panic!() };
    assert!(f == 0.0 && f.is_sign_negative());
}

#[test]
fn text_compares_by_collation() {
    let by = |name: &str, a: &str, b: &str| compare_text(&crate::collation::find(name).unwrap(), a, b);
    let ci = "SQL_Latin1_General_CP1_CI_AS";
    assert_eq!(by(ci, "Abc", "aBC  "), Ordering::Equal);
    assert_eq!(by(ci, "résumé", "resume"), Ordering::Greater);
    assert_eq!(by(ci, "résumé", "resumf"), Ordering::Less);
    assert_eq!(by(ci, "a1", "ab"), Ordering::Less);
    assert_eq!(by(ci, "a-", "a1"), Ordering::Less);
    assert_eq!(by("Latin1_General_100_CI_AI", "résumé", "RESUME"), Ordering::Equal);
    assert_eq!(by("Latin1_General_100_CS_AS", "a", "A"), Ordering::Less);
    assert_eq!(by("Latin1_General_100_CS_AS", "b", "A"), Ordering::Greater);
    assert_eq!(by("Latin1_General_100_BIN2", "a", "B"), Ordering::Greater);
    assert_eq!(by("Latin1_General_100_BIN2", "\u{1F600}", "\u{FF5E}"), Ordering::Less);
}
