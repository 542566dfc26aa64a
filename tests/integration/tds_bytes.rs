//! Writes the bytes that SQL Server would send for a result (MS-TDS 2.2.5 and 2.2.7): for tests and the fuzz corpus.
//!
//! Values are given as their raw TDS content; this module adds metadata, frames, tokens and packets. It shares no code
//! with the decoder.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::unwrap_used,
    reason = "test equipment, compiled into several programs, each of which uses a part; random bits are cut to size"
)]

/// Latin1_General_CI_AS.
pub const LATIN1: [u8; 5] = [0x09, 0x04, 0xD0, 0x00, 0x00];
/// Latin1_General_100_CI_AS_SC_UTF8.
pub const UTF8: [u8; 5] = [0x09, 0x04, 0xD0, 0x24, 0x00];

#[derive(Debug, Clone, PartialEq)]
pub enum Ty {
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Real,
    Float,
    SmallMoney,
    Money,
    SmallDateTime,
    DateTime,
    Date,
    Time(u8),
    DateTime2(u8),
    DateTimeOffset(u8),
    Decimal(u8, u8),
    Guid,
    Char(u16, [u8; 5]),
    VarChar(Option<u16>, [u8; 5]),
    NChar(u16),
    NVarChar(Option<u16>),
    Binary(u16),
    VarBinary(Option<u16>),
    Xml,
    Text([u8; 5]),
    NText,
    Image,
    Variant,
    Udt,
    Json,
    Vector,
}

impl Ty {
    /// As `sys.types` and `sys.columns` describe it: base type, max_length, precision, scale.
    pub fn catalog(&self) -> (&'static str, i16, u8, u8) {
        let length = |bytes: Option<u16>| bytes.map_or(-1, |bytes| i16::try_from(bytes).unwrap());
        match *self {
            Self::Bit => ("bit", 1, 1, 0),
            Self::TinyInt => ("tinyint", 1, 3, 0),
            Self::SmallInt => ("smallint", 2, 5, 0),
            Self::Int => ("int", 4, 10, 0),
            Self::BigInt => ("bigint", 8, 19, 0),
            Self::Real => ("real", 4, 24, 0),
            Self::Float => ("float", 8, 53, 0),
            Self::SmallMoney => ("smallmoney", 4, 10, 4),
            Self::Money => ("money", 8, 19, 4),
            Self::SmallDateTime => ("smalldatetime", 4, 16, 0),
            Self::DateTime => ("datetime", 8, 23, 3),
            Self::Date => ("date", 3, 10, 0),
            Self::Time(scale) => ("time", 5, 16, scale),
            Self::DateTime2(scale) => ("datetime2", 8, 27, scale),
            Self::DateTimeOffset(scale) => ("datetimeoffset", 10, 34, scale),
            Self::Decimal(precision, scale) => ("decimal", 17, precision, scale),
            Self::Guid => ("uniqueidentifier", 16, 0, 0),
            Self::Char(n, _) => ("char", length(Some(n)), 0, 0),
            Self::VarChar(n, _) => ("varchar", length(n), 0, 0),
            Self::NChar(n) => ("nchar", length(Some(n)), 0, 0),
            Self::NVarChar(n) => ("nvarchar", length(n), 0, 0),
            Self::Binary(n) => ("binary", length(Some(n)), 0, 0),
            Self::VarBinary(n) => ("varbinary", length(n), 0, 0),
            Self::Xml => ("xml", -1, 0, 0),
            Self::Text(_) => ("text", 16, 0, 0),
            Self::NText => ("ntext", 16, 0, 0),
            Self::Image => ("image", 16, 0, 0),
            Self::Variant => ("sql_variant", 8016, 0, 0),
            Self::Udt => ("geography", -1, 0, 0),
            Self::Json => ("json", -1, 0, 0),
            Self::Vector => ("vector", 20, 0, 0),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Col {
    pub name: String,
    pub ty: Ty,
    pub nullable: bool,
}

pub fn col(name: &str, ty: Ty) -> Col {
    Col { name: name.to_owned(), ty, nullable: true }
}

/// How PLP values are cut into chunks.
#[derive(Debug, Clone, Copy)]
pub enum Chunks {
    One,
    Of(usize),
    UnknownLength(usize),
}

pub fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn short_text(out: &mut Vec<u8>, text: &str) {
    let units = utf16(text);
    out.push(u8::try_from(units.len() / 2).unwrap());
    out.extend(units);
}

fn long_text(out: &mut Vec<u8>, text: &str) {
    let units = utf16(text);
    out.extend(u16::try_from(units.len() / 2).unwrap().to_le_bytes());
    out.extend(units);
}

fn sized(out: &mut Vec<u8>, code: u8, bytes: Option<u16>) {
    out.push(code);
    out.extend(bytes.unwrap_or(0xFFFF).to_le_bytes());
}

impl Col {
    fn type_info(&self, out: &mut Vec<u8>) {
        let fixed_or = |out: &mut Vec<u8>, fixed: u8, n: &[u8]| {
            if self.nullable { out.extend(n) } else { out.push(fixed) }
        };
        match self.ty {
            Ty::Bit => fixed_or(out, 0x32, &[0x68, 1]),
            Ty::TinyInt => fixed_or(out, 0x30, &[0x26, 1]),
            Ty::SmallInt => fixed_or(out, 0x34, &[0x26, 2]),
            Ty::Int => fixed_or(out, 0x38, &[0x26, 4]),
            Ty::BigInt => fixed_or(out, 0x7F, &[0x26, 8]),
            Ty::Real => fixed_or(out, 0x3B, &[0x6D, 4]),
            Ty::Float => fixed_or(out, 0x3E, &[0x6D, 8]),
            Ty::SmallMoney => fixed_or(out, 0x7A, &[0x6E, 4]),
            Ty::Money => fixed_or(out, 0x3C, &[0x6E, 8]),
            Ty::SmallDateTime => fixed_or(out, 0x3A, &[0x6F, 4]),
            Ty::DateTime => fixed_or(out, 0x3D, &[0x6F, 8]),
            Ty::Date => out.push(0x28),
            Ty::Time(scale) => out.extend([0x29, scale]),
            Ty::DateTime2(scale) => out.extend([0x2A, scale]),
            Ty::DateTimeOffset(scale) => out.extend([0x2B, scale]),
            Ty::Decimal(precision, scale) => out.extend([0x6C, 17, precision, scale]),
            Ty::Guid => out.extend([0x24, 16]),
            Ty::Char(n, collation) => {
                sized(out, 0xAF, Some(n));
                out.extend(collation);
            }
            Ty::VarChar(n, collation) => {
                sized(out, 0xA7, n);
                out.extend(collation);
            }
            Ty::NChar(n) => {
                sized(out, 0xEF, Some(n));
                out.extend(LATIN1);
            }
            Ty::NVarChar(n) => {
                sized(out, 0xE7, n);
                out.extend(LATIN1);
            }
            Ty::Binary(n) => sized(out, 0xAD, Some(n)),
            Ty::VarBinary(n) => sized(out, 0xA5, n),
            Ty::Xml => out.extend([0xF1, 0]),
            Ty::Text(collation) => {
                out.extend([0x23, 0xFF, 0xFF, 0xFF, 0x7F]);
                out.extend(collation);
            }
            Ty::NText => {
                out.extend([0x63, 0xFF, 0xFF, 0xFF, 0x7F]);
                out.extend(LATIN1);
            }
            Ty::Image => out.extend([0x22, 0xFF, 0xFF, 0xFF, 0x7F]),
            Ty::Variant => out.extend([0x62, 0x49, 0x1F, 0, 0]),
            Ty::Udt => {
                out.extend([0xF0, 0xFF, 0xFF]);
                short_text(out, "sales");
                short_text(out, "sys");
                short_text(out, "geography");
                long_text(out, "Microsoft.SqlServer.Types.SqlGeography, Microsoft.SqlServer.Types");
            }
            Ty::Json => out.push(0xF4),
            Ty::Vector => out.extend([0xF5, 20, 0, 0]),
        }
    }

    /// Appends a value (None: NULL) with its frame.
    pub fn value(&self, out: &mut Vec<u8>, raw: Option<&[u8]>, chunks: Chunks) {
        match self.ty {
            Ty::Bit
            | Ty::TinyInt
            | Ty::SmallInt
            | Ty::Int
            | Ty::BigInt
            | Ty::Real
            | Ty::Float
            | Ty::SmallMoney
            | Ty::Money
            | Ty::SmallDateTime
            | Ty::DateTime
                if !self.nullable =>
            {
                out.extend(raw.expect("a NOT NULL column has a value"));
            }
            Ty::VarChar(None, _)
            | Ty::NVarChar(None)
            | Ty::VarBinary(None)
            | Ty::Xml
            | Ty::Udt
            | Ty::Json => {
                plp(out, raw, chunks);
            }
            Ty::Char(..)
            | Ty::VarChar(..)
            | Ty::NChar(_)
            | Ty::NVarChar(_)
            | Ty::Binary(_)
            | Ty::VarBinary(_)
            | Ty::Vector => {
                out.extend(raw.map_or(0xFFFF, |raw| u16::try_from(raw.len()).unwrap()).to_le_bytes());
                out.extend(raw.unwrap_or_default());
            }
            Ty::Text(_) | Ty::NText | Ty::Image => match raw {
                None => out.push(0),
                Some(raw) => {
                    out.push(16);
                    out.extend([0xAB; 16 + 8]);
                    out.extend(u32::try_from(raw.len()).unwrap().to_le_bytes());
                    out.extend(raw);
                }
            },
            Ty::Variant => {
                out.extend(raw.map_or(0, |raw| u32::try_from(raw.len()).unwrap()).to_le_bytes());
                out.extend(raw.unwrap_or_default());
            }
            _ => {
                out.push(raw.map_or(0, |raw| u8::try_from(raw.len()).unwrap()));
                out.extend(raw.unwrap_or_default());
            }
        }
    }
}

fn plp(out: &mut Vec<u8>, raw: Option<&[u8]>, chunks: Chunks) {
    let Some(raw) = raw else {
        out.extend(u64::MAX.to_le_bytes());
        return;
    };
    let (declared, size) = match chunks {
        Chunks::One => (raw.len() as u64, raw.len().max(1)),
        Chunks::Of(size) => (raw.len() as u64, size),
        Chunks::UnknownLength(size) => (u64::MAX - 1, size),
    };
    out.extend(declared.to_le_bytes());
    for chunk in raw.chunks(size) {
        out.extend(u32::try_from(chunk.len()).unwrap().to_le_bytes());
        out.extend(chunk);
    }
    out.extend([0; 4]);
}

pub fn columns(out: &mut Vec<u8>, columns: &[Col]) {
    out.push(0x81);
    out.extend(u16::try_from(columns.len()).unwrap().to_le_bytes());
    for column in columns {
        out.extend(0u32.to_le_bytes());
        out.extend(u16::from(column.nullable).to_le_bytes());
        column.type_info(out);
        if matches!(column.ty, Ty::Text(_) | Ty::NText | Ty::Image) {
            out.push(2);
            long_text(out, "dbo");
            long_text(out, "Notes");
        }
        short_text(out, &column.name);
    }
}

pub fn row(out: &mut Vec<u8>, columns: &[Col], values: &[Option<Vec<u8>>], chunks: Chunks) {
    out.push(0xD1);
    for (column, value) in columns.iter().zip(values) {
        column.value(out, value.as_deref(), chunks);
    }
}

/// Compressed NULLs.
pub fn nbc_row(out: &mut Vec<u8>, columns: &[Col], values: &[Option<Vec<u8>>], chunks: Chunks) {
    out.push(0xD2);
    let mut nulls = vec![0u8; columns.len().div_ceil(8)];
    for (at, value) in values.iter().enumerate() {
        nulls[at / 8] |= u8::from(value.is_none()) << (at % 8);
    }
    out.extend(nulls);
    for (column, value) in columns.iter().zip(values) {
        if value.is_some() {
            column.value(out, value.as_deref(), chunks);
        }
    }
}

pub const DONE: u8 = 0xFD;
pub const DONE_PROC: u8 = 0xFE;
pub const DONE_IN_PROC: u8 = 0xFF;
pub const MORE: u16 = 0x01;
pub const FAILED: u16 = 0x02;
pub const COUNT: u16 = 0x10;
pub const ATTENTION: u16 = 0x20;

pub fn done(out: &mut Vec<u8>, token: u8, status: u16, command: u16, rows: u64) {
    out.push(token);
    out.extend(status.to_le_bytes());
    out.extend(command.to_le_bytes());
    out.extend(rows.to_le_bytes());
}

/// ERROR (0xAA) or INFO (0xAB).
pub fn message(out: &mut Vec<u8>, token: u8, number: i32, class: u8, text: &str) {
    let mut body = number.to_le_bytes().to_vec();
    body.extend([1, class]);
    long_text(&mut body, text);
    short_text(&mut body, "server");
    short_text(&mut body, "");
    body.extend(1u32.to_le_bytes());
    out.push(token);
    out.extend(u16::try_from(body.len()).unwrap().to_le_bytes());
    out.extend(body);
}

/// A whole answer: metadata, every other row compressed, ORDER, DONE with the count.
pub fn result(columns_: &[Col], rows: &[Vec<Option<Vec<u8>>>], chunks: Chunks) -> Vec<u8> {
    let mut out = Vec::new();
    columns(&mut out, columns_);
    out.extend([0xA9, 2, 0, 1, 0]);
    for (at, values) in rows.iter().enumerate() {
        if at % 2 == 0 {
            row(&mut out, columns_, values, chunks);
        } else {
            nbc_row(&mut out, columns_, values, chunks);
        }
    }
    done(&mut out, DONE, COUNT, 0xC1, rows.len() as u64);
    out
}

/// Cuts a payload into packets of so many bytes, headers included.
pub fn packets(payload: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let pieces: Vec<&[u8]> = payload.chunks(size - 8).collect();
    for (at, piece) in pieces.iter().enumerate() {
        let last = at + 1 == pieces.len();
        out.extend([4, u8::from(last)]);
        out.extend(u16::try_from(piece.len() + 8).unwrap().to_be_bytes());
        out.extend([0, 51, u8::try_from((at + 1) % 256).unwrap(), 0]);
        out.extend(*piece);
    }
    out
}

/// A small deterministic generator (SplitMix64), so that a printed seed repeats a run.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    /// Below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.bits() % limit
    }

    pub fn size(&mut self, limit: usize) -> usize {
        usize::try_from(self.below(limit as u64)).unwrap()
    }

    pub fn pick<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.size(of.len())]
    }
}

/// A believable text of at most so many characters; of Latin-1 letters only where `narrow`.
fn text(random: &mut Random, most: usize, narrow: bool) -> String {
    let ascii = random.below(2) == 0;
    (0..random.size(most + 1))
        .map(|_| match random.below(4) {
            _ if ascii => char::from(32 + random.below(95) as u8),
            0 => *random.pick(&['é', 'ß', 'Ø', 'ü', '£', 'ÿ']),
            1 if !narrow => *random.pick(&['€', '中', '한', '\u{FFFD}', 'ж', '\u{E000}']),
            2 if !narrow => *random.pick(&['😀', '𝄞', '\u{10FFFF}']),
            _ => char::from(97 + random.below(26) as u8),
        })
        .collect()
}

fn clock(random: &mut Random, scale: u8) -> Vec<u8> {
    let mut units = random.below(86_400 * 10u64.pow(u32::from(scale)));
    if scale == 7 {
        units -= units % 10;
    }
    units.to_le_bytes()[..[3, 3, 3, 4, 4, 5, 5, 5][usize::from(scale)]].to_vec()
}

fn day(random: &mut Random) -> Vec<u8> {
    (random.below(3_652_059) as u32).to_le_bytes()[..3].to_vec()
}

/// The raw content of a random value that both decoders and PostgreSQL accept.
pub fn random_value(random: &mut Random, ty: &Ty) -> Vec<u8> {
    let bits = random.bits();
    let pad = |mut text: Vec<u8>, unit: &[u8], to: u16| {
        while text.len() < usize::from(to) {
            text.extend(unit);
        }
        text
    };
    match *ty {
        Ty::Bit => vec![(bits & 1) as u8],
        Ty::TinyInt => vec![bits as u8],
        Ty::SmallInt => bits.to_le_bytes()[..2].to_vec(),
        Ty::Int | Ty::SmallMoney => bits.to_le_bytes()[..4].to_vec(),
        Ty::BigInt | Ty::Money => (bits >> random.below(64)).to_le_bytes().to_vec(),
        Ty::Real => (bits as i32 as f32 / 1000.0).to_le_bytes().to_vec(),
        Ty::Float => (bits as i64 as f64 / 1e6).to_le_bytes().to_vec(),
        Ty::SmallDateTime => {
            [(bits as u16).to_le_bytes(), (random.below(1440) as u16).to_le_bytes()].concat()
        }
        Ty::DateTime => {
            let days = random.below(3_012_154) as i32 - 53_690;
            [days.to_le_bytes(), (random.below(25_920_000) as u32).to_le_bytes()].concat()
        }
        Ty::Date => day(random),
        Ty::Time(scale) => clock(random, scale),
        Ty::DateTime2(scale) => [clock(random, scale), day(random)].concat(),
        Ty::DateTimeOffset(scale) => {
            let days = (1 + random.below(3_652_056)) as u32;
            let offset = random.below(1681) as i16 - 840;
            [clock(random, scale), days.to_le_bytes()[..3].to_vec(), offset.to_le_bytes().to_vec()].concat()
        }
        Ty::Decimal(precision, _) => {
            let most = 10u128.pow(1 + random.below(u64::from(precision)) as u32);
            let magnitude = (u128::from(bits) << 64 | u128::from(random.bits())) % most;
            let length = match precision {
                0..=9 => 4,
                10..=19 => 8,
                20..=28 => 12,
                _ => 16,
            };
            [&[(bits & 1) as u8], &magnitude.to_le_bytes()[..length]].concat()
        }
        Ty::Guid => [bits.to_le_bytes(), random.bits().to_le_bytes()].concat(),
        Ty::Char(n, collation) | Ty::VarChar(Some(n), collation) => {
            let text = code(&text(random, usize::from(n) / 4, collation != UTF8), collation);
            if matches!(ty, Ty::Char(..)) { pad(text, b" ", n) } else { text }
        }
        Ty::VarChar(None, collation) | Ty::Text(collation) => {
            let most = random.pick(&[0, 10, 3000]).to_owned();
            code(&text(random, most, collation != UTF8), collation)
        }
        Ty::NChar(n) => pad(utf16(&text(random, usize::from(n) / 4, false)), &[32, 0], n),
        Ty::NVarChar(Some(n)) => utf16(&text(random, usize::from(n) / 4, false)),
        Ty::NVarChar(None) | Ty::NText => {
            let most = random.pick(&[0, 10, 3000]).to_owned();
            utf16(&text(random, most, false))
        }
        Ty::Binary(n) => (0..n).map(|_| random.bits() as u8).collect(),
        Ty::VarBinary(Some(n)) => (0..random.size(usize::from(n) + 1)).map(|_| random.bits() as u8).collect(),
        Ty::VarBinary(None) | Ty::Image | Ty::Udt => {
            (0..random.size(5000)).map(|_| random.bits() as u8).collect()
        }
        Ty::Xml => utf16(&format!("<a b=\"{}\">é😀</a>", bits)),
        Ty::Json => format!("{{\"a\":{bits}}}").into_bytes(),
        Ty::Vector => vec![0xA9, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x3F],
        Ty::Variant => [&[0x38, 0][..], &bits.to_le_bytes()[..4]].concat(),
    }
}

fn code(text: &str, collation: [u8; 5]) -> Vec<u8> {
    if collation == UTF8 {
        return text.as_bytes().to_vec();
    }
    text.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect()
}
