//! A YAML text as a tree of scalars, lists and mappings, each with its line, for errors that name the place.

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span, StrInput};

/// Nesting beyond this is no config file.
const DEEPEST: usize = 16;

/// A complaint with its line.
pub(super) type Parsed<T> = std::result::Result<T, (usize, String)>;

/// One value of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// 1-based.
    pub(super) line: usize,
    pub(super) value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// The text as written; `plain` without quotes.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    /// In the order of the file.
    Mapping(Vec<Entry>),
}

/// One `key: value` of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Of the key.
    pub(super) line: usize,
    pub(super) value: Node,
}

impl Node {
    /// Nothing was said: `key:`, `~`, `null`.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The text of a scalar that says something.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }
}

/// The document; None if the file says nothing.
pub(super) fn read(text: &str) -> Parsed<Option<Node>> {
    let mut events = Events { parser: Parser::new_from_str(text) };
    let first = events.next()?;
    if matches!(first.0, Event::StreamEnd) {
        return Ok(None);
    }
    let node = events.node(first, DEEPEST)?;
    loop {
        match events.next()? {
            (Event::StreamEnd, _) => return Ok(Some(node)),
            (Event::DocumentEnd, _) => {}
            (_, line) => return Err((line, "a second document; one is taken".to_owned())),
        }
    }
}

/// The parser's events, without those that carry nothing.
struct Events<'t> {
    parser: Parser<'t, StrInput<'t>>,
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

    /// The value that begins with this event.
    fn node(&mut self, (event, line): (Event<'t>, usize), depth: usize) -> Parsed<Node> {
        let deeper = depth.checked_sub(1).ok_or((line, "too many levels".to_owned()))?;
        let value = match event {
            Event::Scalar(text, style, ..) => {
                Value::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain }
            }
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break Value::List(items),
                        first => items.push(self.node(first, deeper)?),
                    }
                }
            }
            Event::MappingStart(..) => self.mapping(deeper)?,
            Event::Alias(..) => return Err((line, "references to other places are not taken".to_owned())),
            _ => return Err((line, "expected a value".to_owned())),
        };
        Ok(Node { line, value })
    }

    fn mapping(&mut self, depth: usize) -> Parsed<Value> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (key, line) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Value::Mapping(entries)),
                (Event::Scalar(key, ..), line) => (key.into_owned(), line),
                (_, line) => return Err((line, "expected a name and a colon".to_owned())),
            };
            if entries.iter().any(|entry| entry.key == key) {
                return Err((line, format!("`{key}` is given twice")));
            }
            let first = self.next()?;
            entries.push(Entry { key, line, value: self.node(first, depth)? });
        }
    }
}

fn line(span: Span) -> usize {
    span.start.line()
}
