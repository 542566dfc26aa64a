//! Constants, and what T-SQL makes of one where another type is wanted. Computed here, exactly, or refused.

use super::moment::Moment;
use super::node::Level;
use super::types::{Text, Ty};
use super::{Result, refuse};
use crate::model::code_page::CodePage;

/// A constant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Bit(bool),
    Int(i128),
    Decimal(Decimal),
    /// As it is written.
    Float(String),
    Text(String),
    Binary(Vec<u8>),
    Moment(Moment),
    Guid(String),
}

/// `unscaled / 10^scale`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) unscaled: i128,
    pub(super) scale: u8,
}

/// The most that 38 digits say.
const LARGEST: i128 = 10_i128.pow(38) - 1;

impl Decimal {
    /// `12.50`, `.5`, `-3.`; None for anything else and for more than 38 digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.len() + fraction.len() == 0
            || !(whole.chars().chain(fraction.chars())).all(|c| c.is_ascii_digit())
        {
            return None;
        }
        let shown = format!("{whole}{fraction}");
        let shown = shown.trim_start_matches('0');
        let unscaled = if shown.is_empty() { 0 } else { shown.parse::<i128>().ok()? };
        let scale = u8::try_from(fraction.len()).ok().filter(|scale| *scale <= 38)?;
        (unscaled <= LARGEST).then_some(Self { unscaled: if negative { -unscaled } else { unscaled }, scale })
    }

    /// With this scale, rounded half away from zero as SQL Server and PostgreSQL round; None beyond 38 digits.
    pub(super) fn rescale(self, scale: u8) -> Option<Self> {
        let unscaled = if scale >= self.scale {
            let factor = 10_i128.checked_pow(u32::from(scale - self.scale))?;
            self.unscaled.checked_mul(factor)?
        } else {
            let divisor = 10_i128.checked_pow(u32::from(self.scale - scale))?;
            let half = self.unscaled.signum() * (divisor / 2);
            (self.unscaled.checked_add(half)?) / divisor
        };
        (unscaled.abs() <= LARGEST).then_some(Self { unscaled, scale })
    }

    /// Without its fraction, and whether there was one.
    fn truncated(self) -> (i128, bool) {
        let divisor = 10_i128.pow(u32::from(self.scale.min(38)));
        (self.unscaled / divisor, self.unscaled % divisor != 0)
    }

    fn digits(self) -> usize {
        self.unscaled.unsigned_abs().to_string().len()
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.unscaled < 0 { "-" } else { "" };
        let scale = usize::from(self.scale);
        let digits = format!("{:0>width$}", self.unscaled.unsigned_abs(), width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let point = if scale > 0 { "." } else { "" };
        write!(f, "{sign}{whole}{point}{fraction}")
    }
}

/// `'text'` in PostgreSQL.
pub(super) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Value {
    /// As a literal that an assignment reads as this type.
    pub(super) fn literal(&self) -> String {
        match self {
            Self::Null => "NULL".to_owned(),
            Self::Bit(bit) => bit.to_string(),
            Self::Int(number) => number.to_string(),
            Self::Decimal(decimal) => decimal.to_string(),
            Self::Float(text) => text.clone(),
            Self::Text(text) | Self::Guid(text) => quote(text),
            Self::Binary(bytes) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("'\\x{hex}'")
            }
            Self::Moment(moment) => quote(&moment.to_string()),
        }
    }

    /// As a literal that is of PostgreSQL's type for `ty` wherever it stands.
    pub(super) fn typed(&self, ty: &Ty) -> (String, Level) {
        let shown = self.literal();
        let negative = shown.starts_with('-');
        let plain = |shown: String| {
            let level = if negative { Level::Sign } else { Level::Atom };
            (shown, level)
        };
        let cast = |to: &str| {
            let shown = if negative { format!("({shown})") } else { shown.clone() };
            (format!("{shown}::{to}"), Level::Cast)
        };
        match (self, ty) {
            (Self::Null, Ty::Null) | (Self::Bit(_), _) | (Self::Text(_), Ty::Text(_)) => plain(shown),
            (Self::Int(number), Ty::Int) if i32::try_from(*number).is_ok() => plain(shown),
            (Self::Decimal(decimal), _) if decimal.scale > 0 => plain(shown),
            (Self::Int(_) | Self::Decimal(_), Ty::Decimal { .. } | Ty::Money | Ty::SmallMoney) => {
                cast("numeric")
            }
            (Self::Float(_), _) => (format!("'{shown}'::{}", ty.target()), Level::Cast),
            _ => cast(&ty.target()),
        }
    }

    /// What the constant becomes as a value of `to`. An `explicit` conversion (CAST, CONVERT) cuts what is too long.
    pub(super) fn convert(&self, to: &Ty, explicit: bool) -> Result<Self> {
        match (self, to) {
            (Self::Null, _) => Ok(Self::Null),
            (_, Ty::Bit) => self.bit().map_or_else(|| self.no(to), |bit| Ok(Self::Bit(bit))),
            (_, to) if to.is_integer() => self.integer(to),
            (_, Ty::Decimal { precision, scale }) => self.decimal(*precision, *scale, to),
            (Self::Text(text), Ty::Money | Ty::SmallMoney) if text.trim().is_empty() => {
                Ok(Self::Decimal(Decimal { unscaled: 0, scale: 4 }))
            }
            (_, Ty::Money) => self.within(9_223_372_036_854_775_807, to),
            (_, Ty::SmallMoney) => self.within(2_147_483_647, to),
            (_, Ty::Float) => self.float(15, to),
            (_, Ty::Real) => self.float(7, to),
            (_, Ty::Text(text)) => self.text(text, explicit, to),
            (_, Ty::Binary { length, fixed }) => self.binary(*length, *fixed, to),
            (Self::Text(text), Ty::Guid) => {
                guid(text).map_or_else(|| self.no(to), |guid| Ok(Self::Guid(guid)))
            }
            (Self::Guid(_), Ty::Guid) => Ok(self.clone()),
            (Self::Text(text), Ty::Xml) => Ok(Self::Text(super::odd::xml(text)?)),
            (Self::Text(text), Ty::Json) if matches!(text.as_str(), "{}" | "[]") => Ok(self.clone()),
            (Self::Text(text), _) => Ok(Self::Moment(Moment::parse(text, to, None)?)),
            (Self::Moment(moment), _) => Ok(Self::Moment(moment.convert(to)?)),
            (Self::Int(_) | Self::Decimal(_) | Self::Bit(_), Ty::DateTime | Ty::SmallDateTime) => {
                match self.exactly_whole() {
                    Some(days) => Ok(Self::Moment(Moment::of_days(days, to)?)),
                    None => self.no(to),
                }
            }
            _ => self.no(to),
        }
    }

    fn no(&self, to: &Ty) -> Result<Self> {
        let what = match self {
            Self::Null => "NULL",
            Self::Bit(_) => "a bit",
            Self::Int(_) => "the whole number",
            Self::Decimal(_) => "the decimal number",
            Self::Float(_) => "the float",
            Self::Text(_) => "the text",
            Self::Binary(_) => "the binary constant",
            Self::Moment(_) => "the date or time",
            Self::Guid(_) => "the uniqueidentifier",
        };
        refuse(format!(
            "{what} {} as {to}: what SQL Server makes of it is not known for sure",
            self.literal()
        ))
    }

    fn bit(&self) -> Option<bool> {
        match self {
            Self::Bit(bit) => Some(*bit),
            Self::Int(number) => Some(*number != 0),
            Self::Decimal(decimal) => Some(decimal.unscaled != 0),
            Self::Text(text) if text.eq_ignore_ascii_case("true") || text == "1" => Some(true),
            Self::Text(text) if text.eq_ignore_ascii_case("false") || text == "0" => Some(false),
            _ => None,
        }
    }

    fn integer(&self, to: &Ty) -> Result<Self> {
        let (low, high): (i128, i128) = match to {
            Ty::TinyInt => (0, 255),
            Ty::SmallInt => (i16::MIN.into(), i16::MAX.into()),
            Ty::Int => (i32::MIN.into(), i32::MAX.into()),
            _ => (i64::MIN.into(), i64::MAX.into()),
        };
        let number = match self {
            Self::Bit(bit) => Some(i128::from(*bit)),
            Self::Int(number) => Some(*number),
            // A decimal is cut off; so is money with a fraction rounded, which `within` never lets in here.
            Self::Decimal(decimal) => Some(decimal.truncated().0),
            Self::Text(text) if text.trim_matches(' ').is_empty() => Some(0),
            Self::Text(text) => whole(text.trim_matches(' ')),
            Self::Binary(bytes) if bytes.len() <= 4 && high > 255 => {
                let number = bytes.iter().fold(0_i128, |number, byte| number << 8 | i128::from(*byte));
                (number <= high).then_some(number)
            }
            Self::Float(text) => Decimal::parse(text).map(|decimal| decimal.truncated().0),
            _ => None,
        };
        match number {
            Some(number) if (low..=high).contains(&number) => Ok(Self::Int(number)),
            _ => self.no(to),
        }
    }

    fn decimal(&self, precision: u8, scale: u8, to: &Ty) -> Result<Self> {
        let decimal = match self {
            Self::Bit(bit) => Some(Decimal { unscaled: i128::from(*bit), scale: 0 }),
            Self::Int(number) => Some(Decimal { unscaled: *number, scale: 0 }),
            Self::Decimal(decimal) => Some(*decimal),
            Self::Text(text) => Decimal::parse(text.trim_matches(' ')),
            Self::Float(text) => {
                Decimal::parse(text).filter(|decimal| decimal.scale <= scale && decimal.digits() <= 15)
            }
            _ => None,
        };
        match decimal.and_then(|decimal| decimal.rescale(scale)) {
            Some(decimal) if decimal.digits() <= usize::from(precision) => Ok(Self::Decimal(decimal)),
            _ => self.no(to),
        }
    }

    /// Money: at most this many ten-thousandths.
    fn within(&self, largest: i128, to: &Ty) -> Result<Self> {
        match self.decimal(38, 4, to)? {
            Self::Decimal(decimal) if decimal.unscaled.abs() <= largest => Ok(Self::Decimal(decimal)),
            _ => self.no(to),
        }
    }

    /// Decimal digits that a float tells apart: what has no more is the same float on both sides.
    fn float(&self, digits: usize, to: &Ty) -> Result<Self> {
        let shown = match self {
            Self::Bit(bit) => Some(u8::from(*bit).to_string()),
            Self::Int(number) => Some(number.to_string()),
            Self::Decimal(decimal) => Some(decimal.to_string()),
            Self::Float(text) => return Ok(Self::Float(text.clone())),
            Self::Text(text) if text.trim().is_empty() => Some("0".to_owned()),
            Self::Text(text) => Decimal::parse(text.trim_matches(' ')).map(|decimal| decimal.to_string()),
            _ => None,
        };
        let significant = |text: &str| {
            text.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count() <= digits
        };
        match shown {
            Some(text) if significant(&text) => Ok(Self::Float(text)),
            _ => self.no(to),
        }
    }

    fn text(&self, ty: &Text, explicit: bool, to: &Ty) -> Result<Self> {
        let shown = match self {
            Self::Text(text) => text.clone(),
            Self::Bit(bit) => u8::from(*bit).to_string(),
            Self::Int(number) => number.to_string(),
            Self::Decimal(decimal) => decimal.to_string(),
            Self::Guid(text) => text.to_uppercase(),
            Self::Moment(moment) if moment.is_date() => moment.to_string(),
            _ => return self.no(to),
        };
        let bytes = if ty.unicode || shown.is_ascii() { shown.len() } else { coded(&shown, ty)? };
        let length = ty.length.map_or(usize::MAX, |length| usize::try_from(length).unwrap_or(usize::MAX));
        let units: usize = if ty.unicode { shown.encode_utf16().count() } else { bytes };
        if units <= length {
            return Ok(Self::Text(shown));
        }
        match self {
            Self::Text(_)
                if shown.is_ascii() && (explicit || shown[length..].trim_matches(' ').is_empty()) =>
            {
                Ok(Self::Text(shown[..length].to_owned()))
            }
            _ => self.no(to),
        }
    }

    /// Binary constants are cut and padded on the right, numbers on the left.
    fn binary(&self, length: Option<u32>, fixed: bool, to: &Ty) -> Result<Self> {
        let length = length.map_or(usize::MAX, |length| usize::try_from(length).unwrap_or(usize::MAX));
        let mut bytes = match self {
            Self::Binary(bytes) => bytes.clone(),
            Self::Int(number) => match i32::try_from(*number) {
                Ok(number) => number.to_be_bytes().to_vec(),
                Err(_) => return self.no(to),
            },
            _ => return self.no(to),
        };
        match self {
            Self::Int(number) if bytes.len() > length => {
                if *number != 0 {
                    return self.no(to);
                }
                bytes.truncate(length);
            }
            Self::Int(number) if fixed => {
                if *number < 0 {
                    return self.no(to);
                }
                let mut padded = vec![0; length - bytes.len()];
                padded.append(&mut bytes);
                bytes = padded;
            }
            _ if bytes.len() > length => return self.no(to),
            _ if fixed => bytes.resize(length, 0),
            _ => {}
        }
        Ok(Self::Binary(bytes))
    }

    fn exactly_whole(&self) -> Option<i128> {
        match self {
            Self::Bit(bit) => Some(i128::from(*bit)),
            Self::Int(number) => Some(*number),
            Self::Decimal(decimal) => match decimal.truncated() {
                (number, false) => Some(number),
                _ => None,
            },
            _ => None,
        }
    }

    /// The negative of a number.
    pub(super) fn negated(&self) -> Option<Self> {
        Some(match self {
            Self::Int(number) => Self::Int(-number),
            Self::Decimal(decimal) => Self::Decimal(Decimal { unscaled: -decimal.unscaled, ..*decimal }),
            Self::Float(text) => {
                Self::Float(text.strip_prefix('-').map_or_else(|| format!("-{text}"), str::to_owned))
            }
            _ => return None,
        })
    }
}

/// How many bytes a text has as a varchar of this collation, which keeps all its characters.
fn coded(shown: &str, ty: &Text) -> Result<usize> {
    let name = ty.collation.as_ref().map(|collation| collation.name.as_str());
    let Some(page) = name.and_then(CodePage::named) else {
        return refuse("a text beyond ASCII as varchar: what its code page makes of it is not known");
    };
    match page.encode_exactly(shown) {
        Some(bytes) => Ok(bytes.len()),
        None => refuse(format!(
            "a text beyond ASCII as varchar: the code page of {} does not have all its characters, and the source puts others in their place",
            name.unwrap_or_default()
        )),
    }
}

fn whole(text: &str) -> Option<i128> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    (!digits.is_empty() && digits.len() <= 20 && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

/// `6F9619FF-8B86-D011-B42D-00C04FC964FF`, with or without braces, in PostgreSQL's lower case.
fn guid(text: &str) -> Option<String> {
    let bare = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
    let groups: Vec<_> = bare.split('-').collect();
    let lengths: Vec<_> = groups.iter().map(|group| group.len()).collect();
    (lengths == [8, 4, 4, 4, 12]
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit())))
    .then(|| bare.to_ascii_lowercase())
}
