//! Where the text of `status` goes to: its size, if it has one, and whether it has colours.

use console::truncate_str;

/// Of a terminal, or of a pipe.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Screen {
    /// Columns and lines that the text must fit into; None: as long as it is.
    pub size: Option<(usize, usize)>,
    pub colours: bool,
}

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Title,
    Good,
    Warning,
    Bad,
}

/// A line before it is cut and coloured.
#[derive(Debug, Clone)]
pub(super) struct Line(pub(super) Tone, pub(super) String);

/// Lines that belong together; of the items some may be left out where there is no room.
#[derive(Debug, Clone)]
pub(super) struct Section {
    pub(super) title: Line,
    /// Shown above the items, as the head of a table.
    pub(super) head: Option<String>,
    pub(super) items: Vec<String>,
}

impl Screen {
    /// The first lines, the sections and the last lines, as far as they fit.
    pub(super) fn show(&self, first: Vec<Line>, sections: Vec<Section>, last: Vec<Line>) -> String {
        let Some((columns, lines)) = self.size else {
            let all = sections.into_iter().flat_map(|section| section.lines(usize::MAX));
            return self.written(first.into_iter().chain(all).chain(last), None);
        };
        // The cursor stands on a line of its own.
        let room = lines.saturating_sub(1);
        let mut left = room.saturating_sub(first.len() + last.len());
        let mut shown = first;
        let count = sections.len();
        for (place, section) in sections.into_iter().enumerate() {
            // What a section does not need, the next ones have.
            let share = left / (count - place);
            let lines = section.lines(share);
            left = left.saturating_sub(lines.len());
            shown.extend(lines);
        }
        shown.extend(last);
        shown.truncate(room);
        self.written(shown.into_iter(), Some(columns))
    }

    fn written(&self, lines: impl Iterator<Item = Line>, columns: Option<usize>) -> String {
        let mut text = String::new();
        for Line(tone, line) in lines {
            let line = columns.map_or_else(|| line.clone(), |columns| cut(&line, columns));
            let code = match tone {
                Tone::Plain => None,
                Tone::Title => Some("1"),
                Tone::Good => Some("32"),
                Tone::Warning => Some("33"),
                Tone::Bad => Some("31"),
            };
            match code.filter(|_| self.colours) {
                Some(code) => text.push_str(&format!("\u{1b}[{code}m{line}\u{1b}[0m\n")),
                None => text.push_str(&format!("{line}\n")),
            }
        }
        text
    }
}

impl Section {
    /// At most so many lines; the last one says how many items are left out.
    fn lines(self, most: usize) -> Vec<Line> {
        let fixed = 1 + usize::from(self.head.is_some());
        let count = self.items.len();
        let shown = if fixed + count <= most { count } else { most.saturating_sub(fixed + 1) };
        let mut lines = vec![self.title];
        if shown > 0 {
            lines.extend(self.head.map(|head| Line(Tone::Plain, head)));
            lines.extend(self.items.into_iter().take(shown).map(|item| Line(Tone::Plain, item)));
        }
        if shown > 0 && shown < count {
            lines.push(Line(Tone::Plain, format!("  … and {} more", count - shown)));
        }
        lines.truncate(most);
        lines
    }
}

/// By what the terminal shows: some letters are two columns wide.
fn cut(line: &str, columns: usize) -> String {
    truncate_str(line, columns, "…").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use console::measure_text_width;

    #[test]
    fn a_line_is_cut_by_the_columns_that_it_takes() {
        assert_eq!(cut("dbo.Orders", 10), "dbo.Orders");
        assert_eq!(cut("dbo.Orders", 9), "dbo.Orde…");
        for columns in [1, 2, 7, 10, 11, 12] {
            let line = cut("dbo.日本語の表", columns);
            assert!(measure_text_width(&line) <= columns, "{line} in {columns}");
        }
        assert_eq!(cut("dbo.日本語", 10), "dbo.日本語");
    }
}
