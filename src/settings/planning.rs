//! The choices that make the plan: `--map`, `--policy`, and the words of `--name-case`, `--collations`, `--partitions`.

use super::flag_values::{patterns, schema_map, usage};
use crate::cli::{CollationsChoice, NameCaseChoice, PartitionsChoice, PlanChoiceArgs};
use crate::error::Result;
use crate::model::names::NameCase;
use crate::model::plan::{Collations, Partitions, PlanOptions};
use crate::model::policy::{
    BlanksPolicy, FractionPolicy, InvalidPolicy, NulPolicy, OffsetPolicy, PaddingPolicy, Policies,
};
use std::collections::{BTreeMap, BTreeSet};

/// What the flags say; the section `tables` of the config file is added by the caller.
pub(super) fn options(choice: PlanChoiceArgs) -> Result<PlanOptions> {
    Ok(PlanOptions {
        include: patterns("include", choice.include)?,
        exclude: patterns("exclude", choice.exclude)?,
        schema_map: schema_map(&choice.schema_map)?,
        skip_unsupported: choice.skip_unsupported,
        allow_row_filters: choice.allow_row_filters,
        name_case: choice.name_case.map(|case| match case {
            NameCaseChoice::Preserve => NameCase::Preserve,
            NameCaseChoice::Lower => NameCase::Lower,
            NameCaseChoice::Snake => NameCase::Snake,
        }),
        collations: match choice.collations {
            None | Some(CollationsChoice::Database) => Collations::Database,
            Some(CollationsChoice::Icu) => Collations::Icu,
            Some(CollationsChoice::Citext) => Collations::Citext,
        },
        partitions: match choice.partitions {
            None | Some(PartitionsChoice::Plain) => Partitions::Plain,
            Some(PartitionsChoice::Declarative) => Partitions::Declarative,
        },
        maps: maps(&choice.map)?,
        policies: policies(Policies::default(), &choice.policy).map_err(|why| usage("policy", why))?,
        replanned: BTreeMap::new(),
        tables: BTreeMap::new(),
    })
}

/// `TYPE=TARGET`, each source type once.
fn maps(pairs: &[String]) -> Result<BTreeMap<String, String>> {
    let mut map = BTreeMap::new();
    for pair in pairs {
        let parts = pair.split_once('=').map(|(from, to)| (word(from), word(to)));
        let Some((from, to)) = parts.filter(|(from, to)| !from.is_empty() && !to.is_empty()) else {
            let message = format!(
                "`{pair}` is not a mapping: write TYPE=TARGET, like datetimeoffset=text (docs/reference/type-mapping.md)"
            );
            return Err(usage("map", message));
        };
        let message = format!("type {from} is mapped twice");
        if map.insert(from, to.clone()).is_some_and(|earlier| earlier != to) {
            return Err(usage("map", message));
        }
    }
    Ok(map)
}

/// A word in the form that is compared: types and policies have no case.
pub(super) fn word(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

/// `base` with what the items `KIND=WHAT` say, each kind once.
///
/// # Errors
/// A text that says what is wrong with which item and what is accepted; the caller knows the flag or the line.
pub fn policies(base: Policies, items: &[String]) -> std::result::Result<Policies, String> {
    let mut policies = base;
    let mut seen = BTreeSet::new();
    for item in items {
        let Some((kind, what)) = item.split_once('=').map(|(kind, what)| (word(kind), word(what))) else {
            return Err(format!("`{item}` is not a policy: write KIND=WHAT, like nul=strip"));
        };
        let unknown = |accepted: &str| format!("`{item}` is not known: accepted are {accepted}");
        match kind.as_str() {
            "nul" => {
                policies.nul = match what.as_str() {
                    "error" => NulPolicy::Error,
                    "replace" => NulPolicy::Replace,
                    "strip" => NulPolicy::Strip,
                    _ => return Err(unknown("nul=error, nul=replace and nul=strip")),
                };
            }
            "surrogate" => {
                policies.surrogate =
                    invalid(&what).ok_or_else(|| unknown("surrogate=error and surrogate=replace"))?
            }
            "undefined" => {
                policies.undefined =
                    invalid(&what).ok_or_else(|| unknown("undefined=error and undefined=replace"))?
            }
            "fraction" => {
                policies.fraction = match what.as_str() {
                    "error" => FractionPolicy::Error,
                    "truncate" => FractionPolicy::Truncate,
                    "round" => FractionPolicy::Round,
                    _ => return Err(unknown("fraction=error, fraction=truncate and fraction=round")),
                };
            }
            "offset" => {
                policies.offset = match what.as_str() {
                    "instant" => OffsetPolicy::Instant,
                    "error" => OffsetPolicy::Error,
                    _ => return Err(unknown("offset=instant and offset=error")),
                };
            }
            "padding" => {
                policies.padding = match what.as_str() {
                    "pad" => PaddingPolicy::Pad,
                    "trim" => PaddingPolicy::Trim,
                    _ => return Err(unknown("padding=pad and padding=trim")),
                };
            }
            "blanks" => {
                policies.blanks = match what.as_str() {
                    "keep" => BlanksPolicy::Keep,
                    "trim" => BlanksPolicy::Trim,
                    "trim_keys" | "trim-keys" => BlanksPolicy::TrimKeys,
                    _ => return Err(unknown("blanks=keep, blanks=trim and blanks=trim_keys")),
                };
            }
            _ => {
                return Err(format!(
                    "`{item}` is of no known kind; kinds are nul, surrogate, undefined, fraction, offset, padding and blanks"
                ));
            }
        }
        if !seen.insert(kind.clone()) {
            return Err(format!("{kind} is given twice"));
        }
    }
    Ok(policies)
}

fn invalid(what: &str) -> Option<InvalidPolicy> {
    match what {
        "error" => Some(InvalidPolicy::Error),
        "replace" => Some(InvalidPolicy::Replace),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn every_policy_is_read_and_nothing_else() {
        let all = items(&[
            "nul=strip",
            "Surrogate = Replace",
            "undefined=replace",
            "fraction=round",
            "offset=error",
            "padding=trim",
            "blanks=trim-keys",
        ]);
        assert_eq!(
            policies(Policies::default(), &all).unwrap(),
            Policies {
                nul: NulPolicy::Strip,
                surrogate: InvalidPolicy::Replace,
                undefined: InvalidPolicy::Replace,
                fraction: FractionPolicy::Round,
                offset: OffsetPolicy::Error,
                padding: PaddingPolicy::Trim,
                blanks: BlanksPolicy::TrimKeys,
            }
        );
        for (text, accepted) in [
            ("nul", "write KIND=WHAT"),
            ("nul=drop", "nul=error, nul=replace and nul=strip"),
            ("surrogate=strip", "surrogate=error and surrogate=replace"),
            ("blanks=cut", "blanks=keep, blanks=trim and blanks=trim_keys"),
            ("fraction=cut", "fraction=error, fraction=truncate"),
            ("nil=strip", "kinds are nul, surrogate"),
        ] {
            let said = policies(Policies::default(), &items(&[text])).unwrap_err();
            assert!(said.contains(accepted), "{text}: {said}");
        }
        assert!(
            policies(Policies::default(), &items(&["nul=strip", "nul=error"])).unwrap_err().contains("twice")
        );
    }

    #[test]
    fn a_policy_keeps_what_it_does_not_name() {
        let base = policies(Policies::default(), &items(&["nul=strip"])).unwrap();
        let more = policies(base, &items(&["fraction=truncate"])).unwrap();
        assert_eq!((more.nul, more.fraction), (NulPolicy::Strip, FractionPolicy::Truncate));
    }

    #[test]
    fn a_type_is_mapped_once() {
        let map = maps(&items(&["DateTimeOffset = TEXT", "vector=real[]", "vector=real[]"])).unwrap();
        assert_eq!(map["datetimeoffset"], "text");
        assert_eq!(map["vector"], "real[]");
        assert!(maps(&items(&["text"])).unwrap_err().to_string().contains("TYPE=TARGET"));
        assert!(maps(&items(&["xml=text", "xml=bytea"])).unwrap_err().to_string().contains("twice"));
    }
}
