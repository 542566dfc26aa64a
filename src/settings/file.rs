//! The config file: a YAML mapping of long flag names to scalars or lists of scalars.
//!
//! Scalars keep their text as written (`1.10` stays `1.10`); they are read as if typed on the command line.

use crate::error::{Error, ErrorKind, Result};
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span};
use std::collections::BTreeSet;
use std::path::Path;

/// One setting of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The long flag name, with `-`.
    pub(super) flag: String,
    /// 1-based.
    pub(super) line: usize,
    /// One value, or those of a list.
    pub(super) values: Vec<String>,
}

/// Reads and checks the file.
///
/// # Errors
/// Kind Config: unreadable, not YAML, not a mapping of known flags to scalars or lists of scalars.
pub(super) fn read(path: &Path, known: &BTreeSet<String>) -> Result<Vec<Entry>> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::new(ErrorKind::Config, format!("--config: cannot read {}", path.display())).because(error)
    })?;
    parse(&text, known).map_err(|(line, message)| {
        Error::new(ErrorKind::Config, format!("{}, line {line}: {message}", path.display()))
    })
}

/// A complaint with its line.
type Parsed<T> = std::result::Result<T, (usize, String)>;

fn parse(text: &str, known: &BTreeSet<String>) -> Parsed<Vec<Entry>> {
    let mut events = Events { parser: Parser::new_from_str(text) };
    let mut entries: Vec<Entry> = Vec::new();
    let (event, line) = events.next()?;
    match event {
        Event::StreamEnd => return Ok(entries),
        Event::MappingStart(..) => {}
        Event::Scalar(value, ScalarStyle::Plain, ..) if is_null(&value) => return Ok(entries),
        _ => return Err((line, "expected lines of the form `flag: value`".to_owned())),
    }
    loop {
        let (event, line) = events.next()?;
        let key = match event {
            Event::MappingEnd => return Ok(entries),
            Event::Scalar(key, ..) => key.into_owned(),
            _ => return Err((line, "expected the name of a flag".to_owned())),
        };
        let flag = key.replace('_', "-");
        if flag == "config" || !known.contains(&flag) {
            return Err((line, unknown(&key, &flag, known)));
        }
        if entries.iter().any(|entry| entry.flag == flag) {
            return Err((line, format!("`{key}` is given twice")));
        }
        if let Some(values) = events.values(&key)? {
            entries.push(Entry { flag, line, values });
        }
    }
}

fn unknown(key: &str, flag: &str, known: &BTreeSet<String>) -> String {
    let close = known.iter().find(|name| name.contains(flag) || flag.contains(name.as_str()));
    match close {
        Some(close) if flag.len() > 2 => format!("unknown key `{key}`; is `{close}` meant?"),
        _ => format!("unknown key `{key}`; keys are the long names of the flags that --help lists"),
    }
}

fn is_null(value: &str) -> bool {
    matches!(value, "" | "~" | "null" | "Null" | "NULL")
}

/// The parser's events, without those that carry nothing.
struct Events<'t> {
    parser: Parser<'t, serde_saphyr::granit_parser::StrInput<'t>>,
}

impl<'t> Events<'t> {
    fn next(&mut self) -> Parsed<(Event<'t>, usize)> {
        loop {
            match self.parser.next() {
                None => return Ok((Event::StreamEnd, 1)),
                Some(Err(error)) => {
                    return Err((error.marker().line(), format!("not YAML: {}", error.info())));
                }
                Some(Ok((Event::StreamStart | Event::DocumentStart(..), _))) => {}
                Some(Ok((event, span))) => return Ok((event, line(span))),
            }
        }
    }

    /// The values of one key; None for null, which leaves the flag unset.
    fn values(&mut self, key: &str) -> Parsed<Option<Vec<String>>> {
        let wrong = |line| (line, format!("`{key}` takes a plain value or a list of plain values"));
        match self.next()? {
            (Event::Scalar(value, ScalarStyle::Plain, ..), _) if is_null(&value) => Ok(None),
            (Event::Scalar(value, ..), _) => Ok(Some(vec![value.into_owned()])),
            (Event::SequenceStart(..), _) => {
                let mut values = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => return Ok(Some(values)),
                        (Event::Scalar(value, ..), _) => values.push(value.into_owned()),
                        (_, line) => return Err(wrong(line)),
                    }
                }
            }
            (_, line) => Err(wrong(line)),
        }
    }
}

fn line(span: Span) -> usize {
    span.start.line()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> BTreeSet<String> {
        ["range", "table", "claim-timeout", "run-id", "config"].map(str::to_owned).into()
    }

    #[test]
    fn scalars_and_lists_keep_their_text_and_their_line() {
        let entries = parse(
            "# a comment\nrange: 1-100\nclaim_timeout: 90\nrun-id: 1.10\ntable:\n  - dbo.A\n  - '[a b].C'\n",
            &known(),
        )
        .unwrap();
        let entry = |flag: &str, line, values: &[&str]| Entry {
            flag: flag.to_owned(),
            line,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        assert_eq!(
            entries,
            [
                entry("range", 2, &["1-100"]),
                entry("claim-timeout", 3, &["90"]),
                entry("run-id", 4, &["1.10"]),
                entry("table", 5, &["dbo.A", "[a b].C"]),
            ]
        );
    }

    #[test]
    fn an_empty_file_and_null_values_set_nothing() {
        for text in ["", "# nothing\n", "---\n", "range:\n", "range: ~\n", "{}"] {
            assert_eq!(parse(text, &known()), Ok(Vec::new()), "{text:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, line, message) in [
            ("range: 1-2\nrnage: 3-4\n", 2, "unknown key `rnage`; keys are"),
            ("claim: 3\n", 1, "is `claim-timeout` meant?"),
            ("config: other.yaml\n", 1, "unknown key `config`"),
            ("range: 1-2\nrange: 3-4\n", 2, "`range` is given twice"),
            ("- a\n", 1, "expected lines of the form"),
            ("range:\n  a: b\n", 2, "`range` takes a plain value"),
            ("range: [1, [2]]\n", 1, "`range` takes a plain value"),
            ("range: \"1\n", 1, "not YAML"),
            ("table: *x\n", 1, ""),
        ] {
            let (found, said) = parse(text, &known()).unwrap_err();
            assert!(said.contains(message), "{text:?}: {said}");
            assert_eq!(found, line, "{text:?}: {said}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = read(Path::new("/nowhere/shardferry.yaml"), &known()).unwrap_err();
        assert!(error.to_string().contains("--config: cannot read /nowhere/shardferry.yaml"), "{error}");
    }
}
