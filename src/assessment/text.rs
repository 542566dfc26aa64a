//! The assessment for a terminal: totals, what is not converted as it is, and the estimate.

use super::{Assessment, Count, Finding, Name, Verdict, estimate};
use crate::model::counts::{about, counted, size, thousands};
use crate::model::objects::ObjectKind;
use crate::model::shown;
use comfy_table::{Cell, CellAlignment, Table, presets};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Objects of one kind and finding that are listed one by one; of more, so many are named.
const LISTED: usize = 3;
/// Lines of an advice that are shown: that of a view is the whole view.
const ADVICE_LINES: usize = 3;
/// Names longer than this together go on in the next line.
const NAMES_WIDTH: usize = 90;

/// What is converted as it is has no line of its own; `--format json` lists it. What is said of many objects is said once, if
/// not `all` are asked for.
#[must_use]
pub fn render(assessment: &Assessment, all: bool) -> String {
    let mut text = format!("Assessment of {}: nothing was written\n\n", shown::one_line(&assessment.source));
    text.push_str(&totals(assessment));
    let mut is_grouped = false;
    for (verdict, title) in [
        (Verdict::Refused, "Refused: does not arrive"),
        (Verdict::Lossy, "Lossy: values may arrive changed, and are counted"),
        (Verdict::Changed, "Changed: arrives otherwise, with every value"),
        (Verdict::Converted, "Converted, and worth knowing"),
    ] {
        let worth = |finding: &&Finding| {
            finding.verdict == verdict && (verdict != Verdict::Converted || finding.advice.is_some())
        };
        let findings: Vec<&Finding> = assessment.findings.iter().filter(worth).collect();
        if findings.is_empty() {
            continue;
        }
        let _ = write!(text, "\n{title}\n");
        for group in groups(&findings) {
            if all || group.len() <= LISTED {
                group.iter().for_each(|finding| one(&mut text, finding, all));
            } else {
                is_grouped = true;
                many(&mut text, &group);
            }
        }
    }
    text.push_str(&of_estimate(assessment));
    if let Some(names) = &assessment.names {
        let _ = write!(text, "\n{names}\n");
    }
    if is_grouped {
        text.push_str("`--verbose` lists every object, `--format json` lists them for programs.\n");
    }
    text
}

/// Findings of one name about one kind of object, in the order of the first of each; with the same reason, if many share one.
fn groups<'f>(findings: &[&'f Finding]) -> Vec<Vec<&'f Finding>> {
    let mut by_reason: BTreeMap<(&ObjectKind, Name, &str), usize> = BTreeMap::new();
    for finding in findings {
        *by_reason.entry((&finding.kind, finding.name, &finding.reason)).or_default() += 1;
    }
    let is_shared = |finding: &Finding| {
        by_reason.get(&(&finding.kind, finding.name, &finding.reason)).is_some_and(|count| *count > LISTED)
    };
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    let mut places: BTreeMap<(&ObjectKind, Name, Option<&str>), usize> = BTreeMap::new();
    for finding in findings {
        let reason = is_shared(finding).then_some(finding.reason.as_str());
        let place = *places.entry((&finding.kind, finding.name, reason)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

/// One object with its reason and what can be done.
fn one(text: &mut String, finding: &Finding, all: bool) {
    let object = shown::one_line(&finding.object);
    let _ = writeln!(text, "  {} {object}: {}", finding.kind, indented(&finding.reason, all));
    if let Some(advice) = &finding.advice {
        let _ = writeln!(text, "      -> {}", indented(advice, all));
    }
}

/// Many objects of one kind: how many, why, some names, and what can be done, if that is the same for all.
fn many(text: &mut String, group: &[&Finding]) {
    let Some(first) = group.first() else { return };
    let is_same = group.iter().all(|finding| finding.reason == first.reason);
    let count = counted(group.len() as u64, first.kind.as_str());
    let reason = indented(&first.reason, false);
    let _ = if is_same {
        writeln!(text, "  {count}: {reason}")
    } else {
        writeln!(text, "  {count}, for example {}: {reason}", shown::one_line(&first.object))
    };
    let mut names = String::new();
    for finding in group.iter().take(LISTED) {
        let name = shown::one_line(&finding.object);
        let separator = match names.rsplit('\n').next().map(str::chars).map(Iterator::count) {
            None | Some(0) => "",
            Some(width) if width + name.chars().count() > NAMES_WIDTH => ",\n      ",
            Some(_) => ", ",
        };
        names.push_str(separator);
        names.push_str(&name);
    }
    let _ = writeln!(text, "      {names} and {} more", thousands((group.len() - LISTED) as u64));
    if let Some(advice) = &first.advice
        && group.iter().all(|finding| finding.advice.as_ref() == Some(advice))
    {
        let _ = writeln!(text, "      -> {}", indented(advice, false));
    }
}

/// A view's text has lines of its own: all of them, or the first.
fn indented(text: &str, all: bool) -> String {
    let text = text.replace("\r\n", "\n");
    let text = shown::lines(&text);
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let most = if all { lines.len() } else { ADVICE_LINES };
    let cut = if lines.len() > most { " …" } else { "" };
    format!("{}{cut}", lines.iter().take(most).copied().collect::<Vec<_>>().join("\n         "))
}

fn totals(assessment: &Assessment) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["Objects", "converted", "changed", "lossy", "refused"]);
    let mut add = |name: &str, count: &Count| {
        let number = |count: u64| Cell::new(thousands(count)).set_alignment(CellAlignment::Right);
        table.add_row([
            Cell::new(name),
            number(count.converted),
            number(count.changed),
            number(count.lossy),
            number(count.refused),
        ]);
    };
    for (kind, count) in &assessment.kinds {
        add(kind.as_str(), count);
    }
    add("all", &assessment.totals);
    let lines: Vec<String> = table.to_string().lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}

fn of_estimate(assessment: &Assessment) -> String {
    let of = &assessment.estimate;
    format!(
        "\nEstimate: {}, ~{}, ~{} in the source, ~{} on the target's disk with indexes,\n\
         ~{} with {} at {} a second each\n",
        counted(of.tables, "table"),
        counted(of.rows, "row"),
        size(of.bytes),
        size(of.target_bytes),
        about(of.seconds),
        counted(of.jobs, "job"),
        size(estimate::RATE)
    )
}
