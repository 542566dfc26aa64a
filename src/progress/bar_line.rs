//! One line of a live bar, made for the terminal's width at each drawing: it never wraps.

use crate::model::counts::duration;
use console::{Alignment, measure_text_width, pad_str, truncate_str};
use std::time::Duration;

/// From this width on a line has a bar, a rate and the time left; below it a name and a percentage.
const FULL: usize = 80;
/// Longer than this, nobody waits for what an estimate says.
const LONGEST: Duration = Duration::from_secs(100 * 3600);

/// What a bar shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub(super) at: u64,
    /// None: there is no estimate.
    pub(super) of: Option<u64>,
    /// A second; 0 as long as nothing has moved.
    pub(super) rate: f64,
}

impl Position {
    fn percent(&self) -> String {
        let percent = self.of.and_then(|of| (u128::from(self.at.min(of)) * 100).checked_div(u128::from(of)));
        percent.map_or_else(|| " --%".to_owned(), |percent| format!("{percent:>3}%"))
    }

    /// The time left; `--` if nothing has moved yet, or there is no estimate, or it was too low.
    fn left(&self) -> String {
        let known = self.of.filter(|of| self.at > 0 && self.at < *of && self.rate > 0.0).and_then(|of| {
            let bytes = Duration::from_secs(of - self.at).as_secs_f64();
            Duration::try_from_secs_f64(bytes / self.rate).ok().filter(|left| *left < LONGEST)
        });
        known.map_or_else(|| "--".to_owned(), |left| duration(left.max(Duration::from_secs(1))))
    }

    fn bar(&self, width: usize) -> String {
        let of = self.of.unwrap_or(0);
        let cells = (u128::from(self.at.min(of)) * width as u128).checked_div(u128::from(of)).unwrap_or(0);
        let filled = usize::try_from(cells).unwrap_or(width);
        format!("[{}{}]", "█".repeat(filled), "░".repeat(width.saturating_sub(filled)))
    }
}

/// `1.5 MiB/s`
fn per_second(rate: f64) -> String {
    let units = ["B/s", "KiB/s", "MiB/s", "GiB/s"];
    let (mut value, mut unit) = (rate, 0);
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", units[unit])
}

fn padded(text: &str, width: usize) -> String {
    pad_str(text, width, Alignment::Left, Some("…")).into_owned()
}

/// The last column stays free: some terminals go to the next line behind it.
fn usable(width: usize) -> usize {
    width.saturating_sub(1).max(1)
}

/// `dbo.Orders     [████░░░░]  42%   12.3 MiB/s  ETA 4m 05s`; on a narrow terminal without bar, rate and ETA.
pub(super) fn of_bytes(width: usize, name: &str, position: &Position) -> String {
    if width < FULL {
        return short(width, name, position);
    }
    let tail =
        format!("{} {:>13}  ETA {:<11}", position.percent(), per_second(position.rate), position.left());
    full(usable(width), name, position, &tail)
}

/// `finish: 3 of 41 objects   [█░░░░░░░]   7%`
pub(super) fn of_objects(width: usize, name: &str, position: &Position) -> String {
    match width < FULL {
        true => short(width, name, position),
        false => full(usable(width), name, position, &position.percent()),
    }
}

/// A text, cut to the width.
pub(super) fn of_text(width: usize, text: &str) -> String {
    truncate_str(text, usable(width), "…").into_owned()
}

fn short(width: usize, name: &str, position: &Position) -> String {
    let name = padded(name, usable(width).saturating_sub(6).max(1));
    of_text(width, &format!("{name} {}", position.percent()))
}

fn full(width: usize, name: &str, position: &Position, tail: &str) -> String {
    let name = padded(name, (width * 3 / 8).min(60));
    // Two blanks, two brackets.
    let rest = width.saturating_sub(measure_text_width(&name) + measure_text_width(tail) + 4);
    format!("{name} {} {tail}", position.bar(rest.min(40)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: Position = Position { at: 500, of: Some(1000), rate: 2.0 };

    #[test]
    fn a_line_fits_whatever_the_name_and_the_width() {
        let names = [
            "dbo.Orders",
            "a_schema_of_somebody.A_Table_With_A_Name_That_Is_Far_Too_Long_For_Any_Terminal",
            "dbo.日本語の長い名前のテーブル日本語の長い名前のテーブル",
        ];
        let positions = [HALF, Position { rate: 1e15, ..HALF }, Position { at: 999, of: None, rate: 0.0 }];
        for width in [1, 7, 10, 40, 60, 79, 80, 81, 100, 120, 200, 400] {
            for (name, position) in names.iter().flat_map(|name| positions.map(|position| (name, position))) {
                for line in [
                    of_bytes(width, name, &position),
                    of_objects(width, name, &position),
                    of_text(width, name),
                ] {
                    let columns = measure_text_width(&line);
                    assert!(columns <= width.saturating_sub(1).max(1), "{width}: {columns}: {line}");
                }
            }
        }
    }

    #[test]
    fn wide_terminals_show_bar_rate_and_eta_and_narrow_ones_name_and_percent() {
        let lines = [60, 80, 120]
            .map(|width| of_bytes(width, "dbo.Orders", &HALF))
            .map(|line| line.trim_end().to_owned());
        insta::assert_snapshot!(lines.join("\n"), @"
        dbo.Orders                                             50%
        dbo.Orders                    [█████░░░░░░]  50%       2.0 B/s  ETA 4m 10s
        dbo.Orders                                   [██████████████████░░░░░░░░░░░░░░░░░░]  50%       2.0 B/s  ETA 4m 10s
        ");
        let long = "sales.A_Table_With_A_Name_That_Is_Too_Long_For_It";
        assert_eq!(of_bytes(40, long, &HALF), "sales.A_Table_With_A_Name_That_I…  50%");
        insta::assert_snapshot!(of_objects(80, long, &HALF), @"sales.A_Table_With_A_Name_Th… [████████████████████░░░░░░░░░░░░░░░░░░░░]  50%");
    }

    #[test]
    fn the_time_left_is_said_only_if_it_is_known() {
        assert_eq!(HALF.left(), "4m 10s");
        assert_eq!(Position { rate: 1e9, ..HALF }.left(), "1.0s", "never 0");
        for unknown in [
            Position { at: 0, ..HALF },
            Position { rate: 0.0, ..HALF },
            Position { rate: f64::NAN, ..HALF },
            Position { rate: 1e-300, ..HALF },
            Position { of: None, ..HALF },
            Position { at: 1000, ..HALF },
            Position { at: 2000, ..HALF },
        ] {
            assert_eq!(unknown.left(), "--", "{unknown:?}");
        }
    }
}
