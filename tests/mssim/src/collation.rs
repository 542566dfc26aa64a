//! The collations: name to wire bytes, code page, and what it ignores in comparisons.
//!
//! A Windows collation is a language, a version and suffixes; a `SQL_` collation is a sort id. Names are taken apart,
//! not listed one by one, so every regular name of a known language is found. Source: MS-TDS 2.2.5.1.2 (the five
//! bytes: LCID 20 bits, flags 8 bits, version 4 bits, sort id 8 bits) and MS-LCID.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::types::Collation;

/// The server's and every new database's collation.
pub const DEFAULT: Collation = Collation {
    name: "SQL_Latin1_General_CP1_CI_AS",
    wire: [0x09, 0x04, 0xD0, 0x00, 52],
    encoding: "windows-1252",
    case_insensitive: true,
    accent_insensitive: false,
};

/// The collation of the catalog's own columns.
pub const CATALOG: Collation = Collation {
    name: "Latin1_General_CI_AS_KS_WS",
    wire: [0x09, 0x04, 0x10, 0x00, 0],
    encoding: "windows-1252",
    case_insensitive: true,
    accent_insensitive: false,
};

/// What `json` and `vector` are shown as to clients that do not know them: Latin1_General_100_BIN2_UTF8.
pub(crate) const UTF8_BINARY: Collation = Collation {
    name: "Latin1_General_100_BIN2_UTF8",
    wire: [0x09, 0x04, 0x00, 0x26, 0],
    encoding: "utf-8",
    case_insensitive: false,
    accent_insensitive: false,
};

const IGNORE_CASE: u32 = 1 << 20;
const IGNORE_ACCENT: u32 = 1 << 21;
const IGNORE_KANA: u32 = 1 << 22;
const IGNORE_WIDTH: u32 = 1 << 23;
const BINARY: u32 = 1 << 24;
const BINARY2: u32 = 1 << 25;
const UTF8: u32 = 1 << 26;

/// Windows languages: name, LCID, encoding.
const LANGUAGES: &[(&str, u32, &str)] = &[
    ("Albanian", 0x041C, "windows-1250"),
    ("Arabic", 0x0401, "windows-1256"),
    ("Chinese_PRC", 0x0804, "gbk"),
    ("Chinese_PRC_Stroke", 0x20804, "gbk"),
    ("Chinese_Simplified_Pinyin", 0x0804, "gbk"),
    ("Chinese_Taiwan_Stroke", 0x0404, "big5"),
    ("Chinese_Taiwan_Bopomofo", 0x30404, "big5"),
    ("Croatian", 0x041A, "windows-1250"),
    ("Cyrillic_General", 0x0419, "windows-1251"),
    ("Czech", 0x0405, "windows-1250"),
    ("Danish_Greenlandic", 0x0406, "windows-1252"),
    ("Danish_Norwegian", 0x0406, "windows-1252"),
    ("Estonian", 0x0425, "windows-1257"),
    ("Finnish_Swedish", 0x040B, "windows-1252"),
    ("French", 0x040C, "windows-1252"),
    ("German_PhoneBook", 0x10407, "windows-1252"),
    ("Greek", 0x0408, "windows-1253"),
    ("Hebrew", 0x040D, "windows-1255"),
    ("Hungarian", 0x040E, "windows-1250"),
    ("Hungarian_Technical", 0x1040E, "windows-1250"),
    ("Icelandic", 0x040F, "windows-1252"),
    ("Japanese", 0x0411, "shift_jis"),
    ("Japanese_XJIS", 0x0411, "shift_jis"),
    ("Japanese_Bushu_Kakusu", 0x0411, "shift_jis"),
    ("Japanese_Unicode", 0x10411, "shift_jis"),
    ("Kazakh", 0x043F, "windows-1251"),
    ("Korean_Wansung", 0x0412, "euc-kr"),
    ("Korean", 0x0412, "euc-kr"),
    ("Latin1_General", 0x0409, "windows-1252"),
    ("Latvian", 0x0426, "windows-1257"),
    ("Lithuanian", 0x0427, "windows-1257"),
    ("Macedonian_FYROM", 0x042F, "windows-1251"),
    ("Modern_Spanish", 0x0C0A, "windows-1252"),
    ("Norwegian", 0x0414, "windows-1252"),
    ("Polish", 0x0415, "windows-1250"),
    ("Romanian", 0x0418, "windows-1250"),
    ("Serbian_Cyrillic", 0x0C1A, "windows-1251"),
    ("Serbian_Latin", 0x081A, "windows-1250"),
    ("Slovak", 0x041B, "windows-1250"),
    ("Slovenian", 0x0424, "windows-1250"),
    ("Thai", 0x041E, "windows-874"),
    ("Traditional_Spanish", 0x040A, "windows-1252"),
    ("Turkish", 0x041F, "windows-1254"),
    ("Ukrainian", 0x0422, "windows-1251"),
    ("Vietnamese", 0x042A, "windows-1258"),
];

/// `SQL_Latin1_General_` collations: rest of the name, sort id, encoding.
const SQL_COLLATIONS: &[(&str, u8, &str)] = &[
    ("CP437_BIN", 30, "cp437"),
    ("CP437_CS_AS", 31, "cp437"),
    ("CP437_CI_AS", 32, "cp437"),
    ("Pref_CP437_CI_AS", 33, "cp437"),
    ("CP437_CI_AI", 34, "cp437"),
    ("CP850_BIN", 40, "cp850"),
    ("CP850_CS_AS", 41, "cp850"),
    ("CP850_CI_AS", 42, "cp850"),
    ("Pref_CP850_CI_AS", 43, "cp850"),
    ("CP850_CI_AI", 44, "cp850"),
    ("CP1_CS_AS", 51, "windows-1252"),
    ("CP1_CI_AS", 52, "windows-1252"),
    ("Pref_CP1_CI_AS", 53, "windows-1252"),
    ("CP1_CI_AI", 54, "windows-1252"),
    ("CP1250_CS_AS", 81, "windows-1250"),
    ("CP1250_CI_AS", 82, "windows-1250"),
    ("CP1251_CS_AS", 105, "windows-1251"),
    ("CP1251_CI_AS", 106, "windows-1251"),
    ("CP1253_CS_AS", 113, "windows-1253"),
    ("CP1253_CI_AS", 114, "windows-1253"),
    ("CP1254_CS_AS", 129, "windows-1254"),
    ("CP1254_CI_AS", 130, "windows-1254"),
    ("CP1255_CS_AS", 137, "windows-1255"),
    ("CP1255_CI_AS", 138, "windows-1255"),
    ("CP1256_CS_AS", 145, "windows-1256"),
    ("CP1256_CI_AS", 146, "windows-1256"),
    ("CP1257_CS_AS", 153, "windows-1257"),
    ("CP1257_CI_AS", 154, "windows-1257"),
];

/// The collation of that name, whatever its case; the name in the result is in canonical case.
/// `database_default` and `catalog_default` are the server's.
#[must_use]
pub fn find(name: &str) -> Option<Collation> {
    if name.eq_ignore_ascii_case(DEFAULT.name) || name.eq_ignore_ascii_case("database_default") {
        return Some(DEFAULT);
    }
    if name.eq_ignore_ascii_case("catalog_default") {
        return Some(CATALOG);
    }
    sql_collation(name).or_else(|| windows_collation(name))
}

/// The collation of five bytes that a client sent with a parameter; unknown ones are [`DEFAULT`] with those bytes.
#[must_use]
pub fn from_wire(wire: [u8; 5]) -> Collation {
    let bits = u32::from_le_bytes([wire[0], wire[1], wire[2], wire[3]]);
    let lcid = bits & 0xF_FFFF;
    let encoding = if bits & UTF8 != 0 {
        "utf-8"
    } else if wire[4] != 0 {
        SQL_COLLATIONS.iter().find(|c| c.1 == wire[4]).map_or(DEFAULT.encoding, |c| c.2)
    } else {
        LANGUAGES.iter().find(|l| l.1 == lcid).map_or(DEFAULT.encoding, |l| l.2)
    };
    Collation {
        wire,
        encoding,
        case_insensitive: bits & IGNORE_CASE != 0,
        accent_insensitive: bits & IGNORE_ACCENT != 0,
        ..DEFAULT
    }
}

fn sql_collation(name: &str) -> Option<Collation> {
    const PREFIX: &str = "SQL_Latin1_General_";
    let rest = strip_prefix(name, PREFIX)?;
    let &(rest, sort_id, encoding) = SQL_COLLATIONS.iter().find(|c| c.0.eq_ignore_ascii_case(rest))?;
    let binary = rest.ends_with("_BIN");
    let case_insensitive = rest.contains("_CI_");
    let accent_insensitive = rest.ends_with("_AI");
    let mut bits = 0x0409 | if binary { BINARY } else { IGNORE_KANA | IGNORE_WIDTH };
    if case_insensitive {
        bits |= IGNORE_CASE;
    }
    if accent_insensitive {
        bits |= IGNORE_ACCENT;
    }
    let name = intern(format!("{PREFIX}{rest}"));
    Some(Collation { name, wire: wire(bits, sort_id), encoding, case_insensitive, accent_insensitive })
}

fn windows_collation(name: &str) -> Option<Collation> {
    // The longest language wins: Japanese_XJIS before Japanese.
    let &(language, lcid, encoding) = LANGUAGES
        .iter()
        .filter(|l| strip_prefix(name, l.0).is_some_and(|rest| rest.starts_with('_')))
        .max_by_key(|l| l.0.len())?;
    let mut collation = Collation { encoding, case_insensitive: false, accent_insensitive: false, ..DEFAULT };
    let mut bits = lcid | IGNORE_KANA | IGNORE_WIDTH;
    let mut canonical = language.to_owned();
    let mut compared = false;
    for part in strip_prefix(name, language)?[1..].split('_') {
        let part = part.to_ascii_uppercase();
        match part.as_str() {
            "90" if !compared => bits |= 1 << 28,
            "100" if !compared => bits |= 2 << 28,
            "140" | "160" if !compared => bits |= 3 << 28,
            "CI" => (bits |= IGNORE_CASE, collation.case_insensitive = true).0,
            "AI" => (bits |= IGNORE_ACCENT, collation.accent_insensitive = true).0,
            "CS" | "AS" | "SC" | "VSS" => {}
            "KS" => bits &= !IGNORE_KANA,
            "WS" => bits &= !IGNORE_WIDTH,
            "BIN" => bits = bits & !(IGNORE_KANA | IGNORE_WIDTH) | BINARY,
            "BIN2" => bits = bits & !(IGNORE_KANA | IGNORE_WIDTH) | BINARY2,
            "UTF8" if compared => (bits |= UTF8, collation.encoding = "utf-8").0,
            _ => return None,
        }
        compared |= matches!(part.as_str(), "CI" | "CS" | "BIN" | "BIN2");
        canonical.push('_');
        canonical.push_str(&part);
    }
    if !compared {
        return None;
    }
    Some(Collation { name: intern(canonical), wire: wire(bits, 0), ..collation })
}

fn wire(bits: u32, sort_id: u8) -> [u8; 5] {
    let [a, b, c, d] = bits.to_le_bytes();
    [a, b, c, d, sort_id]
}

fn strip_prefix<'n>(name: &'n str, prefix: &str) -> Option<&'n str> {
    let head = name.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &name[prefix.len()..])
}

/// One leaked copy of each name that was ever asked for: their number is bounded by the languages above.
fn intern(name: String) -> &'static str {
    static NAMES: OnceLock<Mutex<HashMap<String, &'static str>>> = OnceLock::new();
    let mut names = NAMES.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(&name) {
        return known;
    }
    let leaked: &'static str = Box::leak(name.clone().into_boxed_str());
    names.insert(name, leaked);
    leaked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_the_bytes_of_the_specification() {
        assert_eq!(find("sql_latin1_general_cp1_ci_as").unwrap(), DEFAULT);
        let parsed = sql_collation("SQL_Latin1_General_CP1_CI_AS").unwrap();
        assert_eq!(parsed, DEFAULT);
        assert_eq!(find("latin1_general_ci_as_ks_ws").unwrap(), CATALOG);
    }

    #[test]
    fn windows_names_are_taken_apart() {
        let c = find("latin1_general_100_bin2_utf8").unwrap();
        assert_eq!(c.name, "Latin1_General_100_BIN2_UTF8");
        assert_eq!(c.encoding, "utf-8");
        assert_eq!(c.wire, [0x09, 0x04, 0x00, 0x26, 0]);
        let c = find("Latin1_General_100_CI_AI_SC_UTF8").unwrap();
        assert_eq!(c.wire, [0x09, 0x04, 0xF0, 0x24, 0]);
        assert!(c.case_insensitive && c.accent_insensitive);
        let c = find("Japanese_XJIS_140_CS_AS_KS_WS").unwrap();
        assert_eq!((c.wire, c.encoding), ([0x11, 0x04, 0x00, 0x30, 0], "shift_jis"));
        assert_eq!(find("Latin1_General_BIN").unwrap().wire, [0x09, 0x04, 0x00, 0x01, 0]);
        assert_eq!(find("Cyrillic_General_CI_AS").unwrap().encoding, "windows-1251");
    }

    #[test]
    fn what_is_not_a_collation_is_not_found() {
        for name in
            ["", "Latin1_General", "Klingon_CI_AS", "SQL_Latin1_General_CP9_CI_AS", "Latin1_General_CI_XX"]
        {
            assert_eq!(find(name), None, "{name}");
        }
    }

    #[test]
    fn sort_ids_name_the_code_page() {
        assert_eq!(find("SQL_Latin1_General_CP437_CI_AS").unwrap().encoding, "cp437");
        assert_eq!(from_wire([0x09, 0x04, 0xD0, 0x00, 42]).encoding, "cp850");
        assert_eq!(from_wire([0x19, 0x04, 0xD0, 0x00, 0]).encoding, "windows-1251");
        assert_eq!(from_wire([0x09, 0x04, 0xF0, 0x24, 0]).encoding, "utf-8");
    }
}
