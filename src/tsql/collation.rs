//! What a collation's name says about comparisons.

/// A collation of SQL Server, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Collation {
    pub(super) name: String,
    /// `_BIN` and `_BIN2`: characters are equal if their codes are.
    pub(super) binary: bool,
    pub(super) case_sensitive: bool,
    pub(super) accent_sensitive: bool,
    /// Characters beyond U+FFFF are one, not two: `_SC`, `_UTF8` and the collations of version 140.
    pub(super) supplementary: bool,
    pub(super) utf8: bool,
    /// The code page has characters of two bytes.
    pub(super) double_byte: bool,
    /// Said with COLLATE.
    pub(super) explicit: bool,
}

/// Collations whose ASCII letters are the 26 of English, each one a letter of its own with two cases. Others have
/// letters of two or three (Hungarian `cs`, Czech `ch`, Danish `aa`), or other pairs of cases (Turkish `i`), or take
/// two letters for one (Lithuanian `i` and `y`).
const ENGLISH: [&str; 12] = [
    "SQL_Latin1_General_",
    "Latin1_General_",
    "French_",
    "German_PhoneBook_",
    "Modern_Spanish_",
    "Cyrillic_General_",
    "Greek_",
    "Hebrew_",
    "Arabic_",
    "Chinese_",
    "Japanese_",
    "Korean_",
];

const DOUBLE_BYTE: [&str; 3] = ["Chinese_", "Japanese_", "Korean_"];

impl Collation {
    /// None if the name does not say it all.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let parts: Vec<String> = name.split('_').map(str::to_ascii_uppercase).collect();
        let has = |part: &str| parts.iter().any(|own| own == part);
        let begins =
            |prefix: &&str| name.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix));
        let binary = has("BIN") || has("BIN2");
        let (ci, cs, ai, accents) = (has("CI"), has("CS"), has("AI"), has("AS"));
        if !binary && (ci == cs || ai == accents) {
            return None;
        }
        let utf8 = has("UTF8");
        Some(Self {
            name: name.to_owned(),
            binary,
            case_sensitive: binary || cs,
            accent_sensitive: binary || accents,
            supplementary: utf8 || has("SC") || has("140") || has("160"),
            utf8,
            double_byte: !utf8 && DOUBLE_BYTE.iter().any(begins),
            explicit: false,
        })
    }

    /// Are its ASCII letters those of English ([`ENGLISH`])?
    pub(super) fn english(&self) -> bool {
        ENGLISH.iter().any(|prefix| {
            self.name.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix))
        })
    }

    /// One byte a character.
    pub(super) fn single_byte(&self) -> bool {
        !self.utf8 && !self.double_byte
    }
}
