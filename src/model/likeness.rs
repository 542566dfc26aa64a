//! "Did you mean": the known names that a written one is closest to. Pure.

use super::names::TableName;
use std::fmt::Display;

/// At most so many are named.
const NAMED: usize = 3;
/// Of Jaro and Winkler, from 0 to 1: names below it have little in common.
const ALIKE: f64 = 0.8;

/// The known names that are close to the written one, the closest first. Case does not count.
pub fn closest<'n>(written: &str, known: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let written = written.to_lowercase();
    best(known.into_iter().map(|name| (name, strsim::jaro_winkler(&written, &name.to_lowercase()))))
}

/// As [`closest`]; a table of another schema is close if its own name is.
pub fn closest_tables<'n>(
    written: &TableName,
    known: impl IntoIterator<Item = &'n TableName>,
) -> Vec<&'n TableName> {
    let (schema, name) = (written.schema.to_lowercase(), written.name.to_lowercase());
    best(known.into_iter().map(|table| {
        let of_name = strsim::jaro_winkler(&name, &table.name.to_lowercase());
        // The schema only decides between names that are almost equally close.
        let of_schema = strsim::jaro_winkler(&schema, &table.schema.to_lowercase());
        (table, if of_name < ALIKE { 0.0 } else { of_name + of_schema / 10.0 })
    }))
}

fn best<N: Ord>(scored: impl Iterator<Item = (N, f64)>) -> Vec<N> {
    let mut close: Vec<(N, f64)> = scored.filter(|(_, score)| *score >= ALIKE).collect();
    close.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    close.into_iter().take(NAMED).map(|(name, _)| name).collect()
}

/// What to ask about the written name of a table that is not known; None if no known name is close to it.
pub fn did_you_mean_table<'n>(
    written: &str,
    known: impl IntoIterator<Item = &'n TableName>,
) -> Option<String> {
    did_you_mean(&closest_tables(&written.parse().ok()?, known))
}

/// `did you mean a, b or c?`; None without a name.
pub fn did_you_mean<N: Display>(names: &[N]) -> Option<String> {
    let (last, others) = names.split_last()?;
    let others: Vec<String> = others.iter().map(ToString::to_string).collect();
    let names = if others.is_empty() { last.to_string() } else { format!("{} or {last}", others.join(", ")) };
    Some(format!("did you mean {names}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_names_come_first_and_strangers_not_at_all() {
        let flags = ["jobs", "no-truncate", "truncate", "range", "retries", "retry-failed", "retry-max-wait"];
        let asked = |written| closest(written, flags);
        assert_eq!(asked("no-truncat"), ["no-truncate"]);
        assert_eq!(asked("RNAGE"), ["range"]);
        assert_eq!(asked("retry-fail"), ["retry-failed", "retry-max-wait", "retries"]);
        assert!(asked("zzz").is_empty());
    }

    #[test]
    fn tables_are_alike_by_their_own_names() {
        let tables: Vec<TableName> = ["dbo.Orders", "dbo.OrderLines", "sales.Orders", "dbo.X"]
            .map(|name| name.parse().unwrap())
            .into();
        let asked = |written: &str| {
            let names = closest_tables(&written.parse().unwrap(), &tables);
            names.into_iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(asked("dbo.Ordres"), ["dbo.Orders", "dbo.OrderLines", "sales.Orders"]);
        assert_eq!(asked("Sales.Order")[0], "sales.Orders");
        assert!(asked("dbo.Y").is_empty());
    }

    #[test]
    fn a_question_names_them_all() {
        assert_eq!(did_you_mean::<&str>(&[]), None);
        assert_eq!(did_you_mean(&["a"]).as_deref(), Some("did you mean a?"));
        assert_eq!(did_you_mean(&["a", "b", "c"]).as_deref(), Some("did you mean a, b or c?"));
    }
}
