//! The three syntaxes of connection strings, taken apart into pairs of key and value. Pure.
//!
//! No error here repeats any part of the text, since it may be a piece of a password.

use super::config;
use crate::error::Result;
use percent_encoding::percent_decode_str;

/// Keys and values as written, unquoted and decoded.
pub(super) type Pairs = Vec<(String, String)>;

/// Strips a prefix whatever its case.
pub(super) fn strip_prefix<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// `user:password@host:port/database?key=value&…`, each part percent-encoded.
pub(super) fn url(rest: &str) -> Result<Pairs> {
    let mut pairs = Pairs::new();
    if rest.contains('#') {
        return Err(config("holds a bare `#`; write it as %23"));
    }
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    // The last `@`: user and password come first, and people forget to encode theirs.
    let (login, place) = rest.rsplit_once('@').unwrap_or(("", rest));
    let (authority, path) = place.split_once('/').unwrap_or((place, ""));
    if login.contains('/') {
        return Err(config("holds a bare `/` in user or password; write it as %2F"));
    }
    let (host, port) = authority_parts(authority)?;
    pairs.push(("server".to_owned(), decode(host)?));
    if let Some(port) = port {
        pairs.push(("port".to_owned(), port.to_owned()));
    }
    let path = path.trim_end_matches('/');
    if path.contains('/') {
        return Err(config(
            "has a path of several parts; write /database, and a named instance as ?instance=NAME",
        ));
    }
    if !path.is_empty() {
        pairs.push(("database".to_owned(), decode(path)?));
    }
    if !login.is_empty() {
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (login, None),
        };
        pairs.push(("user".to_owned(), decode(user)?));
        if let Some(password) = password {
            pairs.push(("password".to_owned(), decode(password)?));
        }
    }
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        // A `+` in a value is a `+`: passwords hold them.
        pairs.push((decode(&name.replace('+', "%20"))?, decode(value)?));
    }
    Ok(pairs)
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`.
fn authority_parts(authority: &str) -> Result<(&str, Option<&str>)> {
    if let Some(v6) = authority.strip_prefix('[') {
        let (host, tail) = v6.split_once(']').ok_or_else(|| config("has a `[` without `]` in its host"))?;
        return Ok((host, tail.strip_prefix(':')));
    }
    Ok(match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    })
}

fn decode(text: &str) -> Result<String> {
    percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| config("holds a percent-encoding that is not UTF-8"))
}

/// `host[\instance][:port][;key=value…]`, values in `{}` if they hold `;` (Microsoft JDBC driver, "Building the
/// connection URL"; `}}` stands for `}`).
pub(super) fn jdbc(rest: &str) -> Result<Pairs> {
    let (place, properties) = rest.split_once(';').unwrap_or((rest, ""));
    let mut pairs = Pairs::new();
    if !place.is_empty() {
        let (host, port) = if place.matches(':').count() > 1 && !place.starts_with('[') {
            (place, None)
        } else {
            authority_parts(place)?
        };
        pairs.push(("server".to_owned(), host.to_owned()));
        if let Some(port) = port {
            pairs.push(("port".to_owned(), port.to_owned()));
        }
    }
    pairs.extend(properties_of(properties, &['{'])?);
    Ok(pairs)
}

/// `Key=value;…`, values quoted by `'`, `"` (doubled inside) or `{}` (`DbConnectionStringBuilder`, ODBC).
pub(super) fn ado(text: &str) -> Result<Pairs> {
    if !text.contains('=') {
        return Err(config("is not a URL; use mssql://user:password@host:1433/database"));
    }
    properties_of(text, &['\'', '"', '{'])
}

fn properties_of(text: &str, quotes: &[char]) -> Result<Pairs> {
    let mut pairs = Pairs::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c == ';' || c.is_whitespace());
        if rest.is_empty() {
            return Ok(pairs);
        }
        let place = pairs.len() + 1;
        let (name, tail) =
            rest.split_once('=').ok_or_else(|| config(&format!("has no `=` in its {place}. setting")))?;
        if name.contains(';') {
            return Err(config(&format!("has no `=` in its {place}. setting; quote values that hold `;`")));
        }
        let (value, tail) = value_of(tail.trim_start(), quotes)
            .ok_or_else(|| config(&format!("has an unfinished quotation in its {place}. setting")))?;
        pairs.push((name.trim().to_owned(), value));
        rest = tail;
    }
}

/// One value and what follows it; None if its quotation does not end, or something follows the end.
fn value_of<'t>(text: &'t str, quotes: &[char]) -> Option<(String, &'t str)> {
    let first = text.chars().next().filter(|c| quotes.contains(c));
    let Some(open) = first else {
        let end = text.find(';').unwrap_or(text.len());
        return Some((text[..end].trim_end().to_owned(), &text[end..]));
    };
    let close = if open == '{' { '}' } else { open };
    let mut value = String::new();
    let mut rest = &text[1..];
    loop {
        let end = rest.find(close)?;
        value.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix(close) {
            Some(next) => {
                value.push(close);
                rest = next;
            }
            None => break,
        }
    }
    let rest = rest.trim_start();
    (rest.is_empty() || rest.starts_with(';')).then_some((value, rest))
}
