//! The two forms of libpq's connection strings, taken apart into pairs of key and value. Pure.
//!
//! No error here repeats any part of the text, since it may be a piece of a password.

use super::{refused, shown_key};
use crate::error::Result;
use percent_encoding::percent_decode_str;

/// Keys and values as written, unquoted and decoded.
pub(super) type Pairs = Vec<(String, String)>;

/// `user:password@host:port,host/database?key=value&…` as pairs.
pub(super) fn uri_pairs(rest: &str) -> Result<Pairs> {
    let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    let mut pairs = Vec::new();
    let mut push = |key: &str, value: &str| -> Result<()> {
        let value = decoded(value).ok_or_else(|| refused(format!("{key} is not percent-encoded UTF-8")))?;
        pairs.push((key.to_owned(), value));
        Ok(())
    };
    let hosts = match authority.rsplit_once('@') {
        None => authority,
        Some((credentials, hosts)) => {
            let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
            push("user", user)?;
            if !password.is_empty() {
                push("password", password)?;
            }
            hosts
        }
    };
    if !hosts.is_empty() {
        let (names, ports) = host_list(hosts)?;
        push("host", &names.join(","))?;
        push("port", &ports.join(","))?;
    }
    let database = path.strip_prefix('/').unwrap_or(path);
    // A bare `/` in a password ends the host before its time: a piece of the password would be looked up as a host
    // name.
    if database.contains(['@', '/']) {
        return Err(refused(
            "user or password holds a bare `/`; write it as %2F (and an `@` or `/` in the database's name as %40 or %2F)",
        ));
    }
    if !database.is_empty() {
        push("dbname", database)?;
    }
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').ok_or_else(|| refused("an option after `?` has no `=`"))?;
        let key = decoded(key).unwrap_or_default();
        push(&shown_key(&key), value)?;
    }
    Ok(pairs)
}

fn decoded(text: &str) -> Option<String> {
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    (!decoded.contains('\0')).then(|| decoded.into_owned())
}

/// `a,b:5433,[::1]:5434` as names and ports.
fn host_list(text: &str) -> Result<(Vec<&str>, Vec<&str>)> {
    let mut names = Vec::new();
    let mut ports = Vec::new();
    let wrong = || {
        refused("host and port cannot be read; in user and password write @ : / ? % as %40 %3A %2F %3F %25")
    };
    for host in text.split(',') {
        let (name, port) = match host.strip_prefix('[') {
            Some(rest) => {
                let (name, tail) = rest.split_once(']').ok_or_else(wrong)?;
                (name, tail.strip_prefix(':').or(tail.is_empty().then_some("")).ok_or_else(wrong)?)
            }
            None => host.split_once(':').unwrap_or((host, "")),
        };
        if !port.is_empty() && port.parse::<u16>().is_err() {
            return Err(wrong());
        }
        names.push(name);
        ports.push(if port.is_empty() { "5432" } else { port });
    }
    Ok((names, ports))
}

/// `key = value key='quoted \' value'` as pairs.
pub(super) fn keyword_pairs(text: &str) -> Result<Pairs> {
    let mut pairs = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.peek().is_none() {
            return Ok(pairs);
        }
        let mut key = String::new();
        while let Some(c) = chars.next_if(|c| !c.is_whitespace() && *c != '=') {
            key.push(c);
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.next() != Some('=') {
            return Err(refused(format!(
                "neither postgres://user:password@host:5432/database nor key=value pairs: after option {} an `=` is missing (quote values with spaces)",
                pairs.len() + 1
            )));
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let quoted = chars.next_if_eq(&'\'').is_some();
        let mut value = String::new();
        loop {
            match chars.next() {
                Some('\\') => value.extend(chars.next()),
                Some('\'') if quoted => break,
                Some(c) if !quoted && c.is_whitespace() => break,
                Some(c) => value.push(c),
                None if quoted => return Err(refused("a quoted value has no end")),
                None => break,
            }
        }
        pairs.push((shown_key(&key), value));
    }
}
