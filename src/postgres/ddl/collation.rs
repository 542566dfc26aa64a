//! Collations that do not see case or accents, as nondeterministic ICU collations.
//!
//! ICU's levels: 1 letters, 2 accents, 3 case, width and kind of kana. Without a `_WS` or `_KS` SQL Server does not see the
//! latter two either, so that `_CI_AS` is level 2 and `_CI_AI` level 1; `_CS_AI` is level 1 with case on a level of its own.

use super::Statement;
use crate::model::collation;
use crate::model::names::quote_target;

/// What a collation of the source becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IcuCollation {
    /// In the schema of the tables that use it: `ci_as`, `sv_ci_as`.
    pub name: String,
    /// `und-u-ks-level2`.
    pub locale: String,
}

/// Beginnings of collation names whose alphabets have letters or equalities of their own.
const LANGUAGES: &[(&str, &str)] = &[
    ("albanian", "sq"),
    ("azeri_latin", "az"),
    ("bosnian_latin", "bs"),
    ("croatian", "hr"),
    ("czech", "cs"),
    ("danish_norwegian", "da"),
    ("danish_greenlandic", "da"),
    ("estonian", "et"),
    ("finnish_swedish", "sv"),
    ("german_phonebook", "de-u-co-phonebk"),
    ("hungarian", "hu"),
    ("icelandic", "is"),
    ("latvian", "lv"),
    ("lithuanian", "lt"),
    ("modern_spanish", "es"),
    ("norwegian", "nb"),
    ("polish", "pl"),
    ("romanian", "ro"),
    ("slovak", "sk"),
    ("slovenian", "sl"),
    ("traditional_spanish", "es-u-co-trad"),
    ("turkish", "tr"),
    ("vietnamese", "vi"),
    ("welsh", "cy"),
];

/// The ICU collation of the same equality; None if the source's sees case and accents (or only bytes), so that the
/// database's own will do.
#[must_use]
pub fn icu(source: &str) -> Option<IcuCollation> {
    let name = source.to_lowercase();
    let ignored = collation::ignored_by(source);
    let (suffix, strength) = match (ignored.ignores_case, ignored.ignores_accents) {
        (true, false) => ("ci_as", "ks-level2"),
        (true, true) => ("ci_ai", "ks-level1"),
        (false, true) => ("cs_ai", "ks-level1-kc-true"),
        (false, false) => return None,
    };
    let language = LANGUAGES.iter().find(|(start, _)| name.starts_with(start)).map(|(_, locale)| *locale);
    Some(match language {
        None => IcuCollation { name: suffix.to_owned(), locale: format!("und-u-{strength}") },
        Some(locale) => {
            let short = locale.split('-').next().unwrap_or_default();
            let extended = if locale.contains("-u-") { "-" } else { "-u-" };
            IcuCollation {
                name: format!("{short}_{suffix}"),
                locale: format!("{locale}{extended}{strength}"),
            }
        }
    })
}

/// The collation `name` of `schema`, for a column with the source's collation.
#[must_use]
pub fn create(schema: &str, name: &str, source: &str) -> Statement {
    let Some(icu) = icu(source) else {
        return super::skipped(format!("{source} sees case and accents: the database's own will do"));
    };
    Statement::Changed {
        sql: format!(
            "CREATE COLLATION IF NOT EXISTS {}.{} (provider = icu, locale = '{}', deterministic = false)",
            quote_target(schema),
            quote_target(name),
            icu.locale
        ),
        what: "case and accents are ignored as in the source, but trailing blanks count, LIKE needs PostgreSQL 18, and the \
               order of texts is ICU's"
            .to_owned(),
    }
}
