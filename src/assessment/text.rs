//! The assessment for a terminal: totals, what is not converted as it is, and the estimate.

use super::{Assessment, Count, Finding, Verdict, estimate};
use crate::model::counts::thousands;
use crate::model::shown;
use comfy_table::{Cell, CellAlignment, Table, presets};
use std::fmt::Write;

/// What is converted as it is has no line of its own; `--format json` lists it.
#[must_use]
pub fn render(assessment: &Assessment) -> String {
    let mut text = format!("Assessment of {}: nothing was written\n\n", shown::one_line(&assessment.source));
    text.push_str(&totals(assessment));
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
        for finding in findings {
            let object = shown::one_line(&finding.object);
            let _ = writeln!(text, "  {} {object}: {}", finding.kind, indented(&finding.reason));
            if let Some(advice) = &finding.advice {
                let _ = writeln!(text, "      -> {}", indented(advice));
            }
        }
    }
    text.push_str(&of_estimate(assessment));
    text
}

/// A view's text has lines of its own.
fn indented(text: &str) -> String {
    shown::lines(&text.replace("\r\n", "\n"))
        .lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n         ")
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
    let size = |bytes| bytesize::ByteSize(bytes).display().si().to_string();
    format!(
        "\nEstimate: {} tables, ~{} rows, ~{} in the source, ~{} on the target's disk with indexes,\n\
         ~{} with {} jobs at {} a second each\n",
        thousands(of.tables),
        thousands(of.rows),
        size(of.bytes),
        size(of.target_bytes),
        time(of.seconds),
        of.jobs,
        size(estimate::RATE)
    )
}

fn time(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3600)),
    }
}
