//! The config file: a YAML mapping of long flag names to scalars or lists of scalars, and the section `tables`.
//!
//! Scalars keep their text as written (`1.10` stays `1.10`); they are read as if typed on the command line. What the
//! section `tables` says is read by [`super::tables`].

use super::yaml::{self, Node, Parsed, Value};
use crate::error::{Error, ErrorKind, Result};
use crate::model::likeness::{closest, did_you_mean};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The section of choices for single tables; not a flag.
const TABLES: &str = "tables";
/// A flag that is no key.
const CONFIG: &str = "config";

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

/// What a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) entries: Vec<Entry>,
    pub(super) tables: Option<Node>,
}

/// The section `tables` and where it stands.
#[derive(Debug, Clone)]
pub(super) struct TablesSection {
    pub(super) path: PathBuf,
    pub(super) node: Node,
}

/// Reads and checks the file.
///
/// # Errors
/// Kind Config: unreadable, not YAML, not a mapping of known flags to scalars or lists of scalars.
pub(super) fn read(path: &Path, known: &BTreeSet<String>) -> Result<Contents> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::new(ErrorKind::Config, format!("--config: cannot read {}", path.display())).because(error)
    })?;
    parse(&text, known).map_err(|complaint| at(path, complaint))
}

/// The complaint with its place.
pub(super) fn at(path: &Path, (line, message): (usize, String)) -> Error {
    Error::new(ErrorKind::Config, format!("{}, line {line}: {message}", path.display()))
}

fn parse(text: &str, known: &BTreeSet<String>) -> Parsed<Contents> {
    let mut contents = Contents::default();
    let Some(root) = yaml::read(text)?.filter(|root| !root.is_null()) else { return Ok(contents) };
    let Value::Mapping(entries) = root.value else {
        return Err((root.line, "expected lines of the form `flag: value`".to_owned()));
    };
    for yaml::Entry { key, line, value } in entries {
        if key == TABLES {
            contents.tables = Some(value).filter(|node| !node.is_null());
            continue;
        }
        let flag = key.replace('_', "-");
        if flag == CONFIG || !known.contains(&flag) {
            return Err((line, unknown(&key, &flag, known)));
        }
        if contents.entries.iter().any(|entry| entry.flag == flag) {
            return Err((line, format!("`{key}` is given twice")));
        }
        if let Some(values) = values(&key, value)? {
            contents.entries.push(Entry { flag, line, values });
        }
    }
    Ok(contents)
}

fn unknown(key: &str, flag: &str, known: &BTreeSet<String>) -> String {
    if flag == CONFIG {
        return format!("unknown key `{key}`: a config file names no other one");
    }
    let keys = known.iter().map(String::as_str).filter(|name| *name != CONFIG);
    match did_you_mean(&closest(flag, keys.chain([TABLES]))) {
        Some(question) => format!("unknown key `{key}`; {question}"),
        None => format!(
            "unknown key `{key}`; keys are the long names of the flags that --help lists, and `tables`"
        ),
    }
}

/// The values of one key; None for null, which leaves the flag unset.
fn values(key: &str, node: Node) -> Parsed<Option<Vec<String>>> {
    if node.is_null() {
        return Ok(None);
    }
    let plain = |node: Node| match node.value {
        Value::Scalar { text, .. } => Ok(text),
        _ => Err((node.line, format!("`{key}` takes a plain value or a list of plain values"))),
    };
    match node.value {
        Value::List(items) => items.into_iter().map(plain).collect::<Parsed<Vec<_>>>().map(Some),
        _ => Ok(Some(vec![plain(node)?])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known_flags() -> BTreeSet<String> {
        ["range", "table", "claim-timeout", "run-id", "config"].map(str::to_owned).into()
    }

    #[test]
    fn scalars_and_lists_keep_their_text_and_their_line() {
        let contents = parse(
            "# a comment\nrange: 1-100\nclaim_timeout: 90\nrun-id: 1.10\ntable:\n  - dbo.A\n  - '[a b].C'\n",
            &known_flags(),
        )
        .unwrap();
        let entry = |flag: &str, line, values: &[&str]| Entry {
            flag: flag.to_owned(),
            line,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        assert_eq!(
            contents.entries,
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
        for text in ["", "# nothing\n", "---\n", "range:\n", "range: ~\n", "tables:\n", "{}"] {
            assert_eq!(parse(text, &known_flags()), Ok(Contents::default()), "{text:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, line, message) in [
            ("range: 1-2\nrnage: 3-4\n", 2, "unknown key `rnage`; did you mean range?"),
            ("zzz: 3\n", 1, "unknown key `zzz`; keys are"),
            ("tabels: {}\n", 1, "did you mean tables or table?"),
            ("claim: 3\n", 1, "did you mean claim-timeout?"),
            ("config: other.yaml\n", 1, "unknown key `config`"),
            ("range: 1-2\nrange: 3-4\n", 2, "`range` is given twice"),
            ("- a\n", 1, "expected lines of the form"),
            ("range:\n  a: b\n", 2, "`range` takes a plain value"),
            ("range: [1, [2]]\n", 1, "`range` takes a plain value"),
            ("range: \"1\n", 1, "not YAML"),
            ("table: *x\n", 1, ""),
        ] {
            let (found, said) = parse(text, &known_flags()).unwrap_err();
            assert!(said.contains(message), "{text:?}: {said}");
            assert_eq!(found, line, "{text:?}: {said}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = read(Path::new("/nowhere/shardferry.yaml"), &known_flags()).unwrap_err();
        assert!(error.to_string().contains("--config: cannot read /nowhere/shardferry.yaml"), "{error}");
    }
}
