//! Values of one column after another, by type and by part in a key. Keys are made from the row's number, so that they
//! are unique without a look at the rows before; foreign keys are made the same way from a number below the parent's rows.

use rand::{Rng, RngCore};
use rand_chacha::ChaCha8Rng;

use super::{Content, Parents};
use crate::catalog::{ColumnDef, TableDef};
use crate::load::convert::through_code_page;
use crate::storage::{self, Stored, TICKS_PER_DAY};
use crate::types::{Collation, Len, SqlType};
use crate::value::Value;

const WORDS: &[&str] = &[
    "amber", "bridge", "copper", "delta", "ember", "forest", "granite", "harbor", "island", "juniper",
    "kernel", "lantern", "meadow", "north", "orchid", "pepper", "quartz", "river", "silver", "timber",
    "umbra", "valley", "willow", "yellow", "zenith", "Müller", "Åse", "naïve", "señor", "façade",
];
const WIDE: &[&str] = &["東京", "北京市", "서울", "Ελλάδα", "Москва", "😀", "🚚📦", "שלום", "Łódź", "ﬁne"];

/// How a column is made.
enum Part {
    /// Unique for each row: from the row's number.
    Unique,
    /// One of the parent's keys: the key of a number below its rows; NULL at times where the column allows.
    Reference(u64),
    Random,
}

/// Makes the rows of one table in order.
pub(super) struct Maker<'a> {
    table: &'a TableDef,
    parts: Vec<Part>,
    rng: ChaCha8Rng,
    collation: Collation,
    text: String,
    pub(super) content: Content,
}

impl<'a> Maker<'a> {
    pub(super) fn new(
        table: &'a TableDef,
        parents: &Parents,
        rows: u64,
        collation: Collation,
        rng: ChaCha8Rng,
    ) -> Self {
        let unique = |c: &ColumnDef| {
            c.identity.is_some()
                || table.indexes.iter().any(|i| {
                    // Of a composite key the last column tells the rows apart.
                    i.unique && i.keys.last().is_some_and(|k| k.column_id == c.id)
                })
        };
        let reference = |c: &ColumnDef| {
            let key = table.foreign_keys.iter().find(|f| f.columns.iter().any(|(here, _)| *here == c.id))?;
            let itself = key.referenced == table.object_id;
            Some(if itself { rows } else { parents.get(&key.referenced).copied().unwrap_or(0) })
        };
        let part = |c: &ColumnDef| match reference(c) {
            Some(n) if !unique(c) => Part::Reference(n),
            _ if unique(c) => Part::Unique,
            _ => Part::Random,
        };
        Self {
            parts: table.columns.iter().map(part).collect(),
            table,
            rng,
            collation,
            text: String::new(),
            content: Content::default(),
        }
    }

    /// Appends the cells of the n-th row.
    pub(super) fn row(&mut self, n: u64, cells: &mut Vec<Stored>) {
        let table = self.table;
        let (nulls, among) = self.content.nulls;
        for (at, column) in table.columns.iter().enumerate() {
            let value = match self.parts[at] {
                Part::Unique => self.key(column, n),
                Part::Reference(0) => Value::Null,
                Part::Reference(_) if column.nullable && self.rng.random_ratio(1, 10) => Value::Null,
                Part::Reference(parent) => {
                    let chosen = self.rng.random_range(0..parent);
                    self.key(column, chosen)
                }
                Part::Random if column.ty == SqlType::RowVersion => {
                    Value::Bytes((2001 + n).to_be_bytes().to_vec())
                }
                Part::Random if column.nullable && self.rng.random_ratio(nulls, among) => Value::Null,
                Part::Random => self.random(column),
            };
            cells.push(storage::to_sqlite(&column.ty, &value));
        }
    }

    /// The key value of a number: the same in the parent and in what points to it.
    fn key(&mut self, column: &ColumnDef, n: u64) -> Value {
        let number = i64::try_from(n).unwrap_or(i64::MAX);
        match column.ty {
            SqlType::Decimal { scale, .. } | SqlType::Numeric { scale, .. } => {
                Value::Decimal(i128::from(number + 1) * 10_i128.pow(u32::from(scale)))
            }
            SqlType::UniqueIdentifier => {
                // A bijection of the number, so that keys do not come in order.
                let high = (n ^ 0x5DEE_CE66_D1CE_4E5B).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                let mut bytes = [0; 16];
                bytes[..8].copy_from_slice(&high.to_le_bytes());
                bytes[8..].copy_from_slice(&high.rotate_left(29).to_be_bytes());
                Value::Guid(bytes)
            }
            SqlType::Date => Value::Date(i32::try_from(number).unwrap_or(0) + 700_000),
            SqlType::Char(w) | SqlType::NChar(w) => {
                Value::Text(format!("{n:0>width$}", width = usize::from(w)).into_bytes())
            }
            SqlType::VarChar(_) | SqlType::NVarChar(_) => {
                let mixed = n.wrapping_mul(2_654_435_761) % 97;
                Value::Text(
                    format!("{}-{mixed:02}-{n:06}", WORDS[usize::try_from(n % 25).unwrap_or(0)]).into_bytes(),
                )
            }
            _ => match column.identity {
                Some(i) => {
                    Value::Int(i64::try_from(i.seed + i.increment * i128::from(n)).unwrap_or(i64::MAX))
                }
                None => Value::Int(number + 1),
            },
        }
    }

    fn random(&mut self, column: &ColumnDef) -> Value {
        let r = &mut self.rng;
        match column.ty {
            SqlType::Bit => Value::Bit(r.random()),
            SqlType::TinyInt => Value::Int(r.random_range(0..=255)),
            SqlType::SmallInt => Value::Int(i64::from(r.random::<i16>())),
            SqlType::Int => Value::Int(i64::from(if r.random_ratio(1, 50) {
                r.random::<i32>()
            } else {
                r.random_range(-1000..100_000)
            })),
            SqlType::BigInt => {
                Value::Int(if r.random_ratio(1, 20) { r.random() } else { r.random_range(0..10_000_000_000) })
            }
            SqlType::Decimal { precision, .. } | SqlType::Numeric { precision, .. } => {
                let digits = r.random_range(1..=u32::from(precision).min(37));
                let top = 10_i128.pow(digits);
                Value::Decimal(r.random_range(1 - top..top))
            }
            SqlType::Money => {
                Value::Decimal(i128::from(r.random_range(-10_000_000_000_i64..1_000_000_000_000)))
            }
            SqlType::SmallMoney => Value::Decimal(i128::from(r.random::<i32>())),
            SqlType::Real => Value::Real(r.random_range(-1e6_f32..1e6)),
            SqlType::Float => Value::Float(r.random_range(-1e9_f64..1e9)),
            SqlType::Date => Value::Date(r.random_range(712_000..740_000)),
            SqlType::Time(s) => Value::Time(r.random_range(0..864_000_000_000 / unit(s)) * unit(s)),
            SqlType::DateTime => {
                Value::DateTime { days: r.random_range(20_000..46_000), ticks: r.random_range(0..25_920_000) }
            }
            SqlType::SmallDateTime => Value::DateTime {
                days: r.random_range(20_000..46_000),
                ticks: r.random_range(0..1440) * 18_000,
            },
            SqlType::DateTime2(s) => {
                Value::DateTime2 { days: r.random_range(712_000..740_000), ticks: ticks(r, s) }
            }
            SqlType::DateTimeOffset(s) => Value::DateTimeOffset {
                days: r.random_range(712_000..740_000),
                ticks: ticks(r, s),
                offset: [0, 60, 120, -300, 330, 540, -480][r.random_range(0..7)],
            },
            SqlType::Binary(n) => self.bytes(usize::from(n), usize::from(n)),
            SqlType::VarBinary(Len::Limited(n)) => self.bytes(0, usize::from(n).min(64)),
            SqlType::VarBinary(Len::Max) if self.content.long.is_some() => {
                let long = self.content.long.unwrap_or_default();
                self.bytes(long, long)
            }
            SqlType::VarBinary(Len::Max) | SqlType::Image => {
                let long = self.rng.random_ratio(1, 200);
                self.bytes(0, if long { 20_000 } else { 200 })
            }
            SqlType::UniqueIdentifier => {
                let mut g = [0; 16];
                r.fill_bytes(&mut g);
                Value::Guid(g)
            }
            SqlType::Xml => {
                let (a, b) = (r.random_range(1..1000), WORDS[r.random_range(0..WORDS.len())]);
                Value::Text(format!("<item id=\"{a}\"><name>{b}</name></item>").into_bytes())
            }
            ref ty => self.words(ty, column.collation),
        }
    }

    fn bytes(&mut self, low: usize, high: usize) -> Value {
        let mut out = vec![0; self.rng.random_range(low..=high)];
        self.rng.fill_bytes(&mut out);
        Value::Bytes(out)
    }

    /// Words up to the column's length; wide characters only where the type holds them.
    fn words(&mut self, ty: &SqlType, collation: Option<Collation>) -> Value {
        let national = matches!(ty, SqlType::NChar(_) | SqlType::NVarChar(_) | SqlType::NText);
        let (limit, fixed) = match ty {
            SqlType::Char(n) | SqlType::NChar(n) => (usize::from(*n), true),
            SqlType::VarChar(Len::Limited(n)) | SqlType::NVarChar(Len::Limited(n)) => {
                (usize::from(*n), false)
            }
            _ if self.rng.random_ratio(1, 300) => (12_000, false),
            _ => (300, false),
        };
        let wanted = if limit > 1000 { limit } else { self.rng.random_range(0..=limit.min(60)) };
        self.text.clear();
        let mut units = 0;
        while units < wanted {
            let word = if national && self.rng.random_ratio(1, 12) {
                WIDE[self.rng.random_range(0..WIDE.len())]
            } else {
                WORDS[self.rng.random_range(0..WORDS.len())]
            };
            let len = word.encode_utf16().count();
            if units + len > limit {
                break;
            }
            self.text.push_str(word);
            units += len;
            if units < limit {
                self.text.push(' ');
                units += 1;
            }
        }
        if fixed {
            self.text.extend(std::iter::repeat_n(' ', limit - units));
        }
        let text = self.text.clone().into_bytes();
        Value::Text(through_code_page(text, ty, &collation.unwrap_or(self.collation)))
    }
}

/// Ticks of the finest step that is made: the seventh digit stays zero, since PostgreSQL has six.
fn unit(scale: u8) -> u64 {
    10_u64.pow(7 - u32::from(scale.min(6)))
}

fn ticks(r: &mut ChaCha8Rng, scale: u8) -> u64 {
    let unit = unit(scale);
    r.random_range(0..TICKS_PER_DAY.unsigned_abs() / unit) * unit
}
