//! The texts of flags become values: selections, names, URLs, sizes. Every error names the flag and what is accepted.

use super::mistakes::Mistakes;
use super::{Consistency, Environment};
use crate::cli::SelectionArgs;
use crate::error::{Error, ErrorKind, Result};
use crate::model::names::TableName;
use crate::model::selection::Selection;
use std::collections::BTreeMap;
use std::path::Path;

pub(super) fn usage(flag: &str, message: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Usage, format!("--{flag}: {message}"))
}

pub(super) fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Splits at commas and line ends that stand outside brackets and braces.
pub(super) fn split_list(text: &str) -> Vec<String> {
    let mut depth = 0_u32;
    let parts = text.split(|c| {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(c, ',' | '\n')
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// What was typed, as an error repeats it: bare, and between quotes if it is empty or has blanks.
pub(super) fn typed(text: &str) -> String {
    let bare = !text.is_empty() && !text.contains(char::is_whitespace);
    if bare { text.to_owned() } else { format!("\"{text}\"") }
}

/// `128MiB`, `64MB`, `1GiB`, or bytes without a unit.
pub(super) fn size(flag: &str, text: &str, least: u64) -> Result<u64> {
    match text.trim().parse::<bytesize::ByteSize>() {
        Ok(size) if size.0 >= least => Ok(size.0),
        Ok(_) => {
            let least = bytesize::ByteSize(least).display().iec();
            Err(usage(flag, format!("{text} is too little: the least is {least}")))
        }
        Err(_) => {
            Err(usage(flag, format!("{} is not a size: write it like 128MiB, 64MB or 1GiB", typed(text))))
        }
    }
}

pub(super) fn table(flag: &str, text: &str) -> Result<TableName> {
    text.parse().map_err(|error| usage(flag, error))
}

/// `A-B`, 1-based and inclusive.
fn range(text: &str) -> Result<Selection> {
    let accepted = "write the first and the last table, like 101-200; tables are numbered from 1";
    let bound = |text: &str| -> Result<u32> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u32>() {
            Ok(number) if digits => Ok(number),
            _ if digits => Err(usage("range", format!("{text} is more than any plan has: {accepted}"))),
            _ => Err(usage("range", format!("{} is not a table's number: {accepted}", typed(text)))),
        }
    };
    let Some((first, last)) = text.split_once('-') else {
        return Err(usage("range", format!("{} is not a range: {accepted}", typed(text))));
    };
    let (first, last) = (bound(first.trim())?, bound(last.trim())?);
    if first == 0 {
        return Err(usage("range", format!("{text} begins at 0: {accepted}")));
    }
    if first > last {
        return Err(usage("range", format!("{text} ends before it begins: {accepted}")));
    }
    Ok(Selection::Range { first, last })
}

/// `I/N`, 1-based.
fn shard(text: &str) -> Result<Selection> {
    let accepted = "write which one of how many, like 3/10; shards are numbered from 1";
    let numbers = text.split_once('/').and_then(|(number, count)| {
        Some((number.trim().parse::<u32>().ok()?, count.trim().parse::<u32>().ok()?))
    });
    match numbers {
        Some((number, count)) if number >= 1 && number <= count => Ok(Selection::Shard { number, count }),
        Some((number, count)) if number > count && count > 0 => Err(usage(
            "shard",
            format!("{text} is not a shard: there is no shard {number} of {count}; {accepted}"),
        )),
        _ => Err(usage("shard", format!("{} is not a shard: {accepted}", typed(text)))),
    }
}

/// 0-based, as Kubernetes counts.
fn indexed_shard(count: u32, index: Option<u32>, environment: &Environment) -> Result<Selection> {
    if count == 0 {
        return Err(usage("shard-count", "0 shards hold no table: give 1 or more"));
    }
    let (index, origin) = match (index, environment.get("JOB_COMPLETION_INDEX")) {
        (Some(index), _) => (index, "--shard-index"),
        (None, Some(text)) => {
            let index = text.trim().parse().map_err(|_| {
                Error::new(
                    ErrorKind::Usage,
                    format!("JOB_COMPLETION_INDEX: {} is not a number of 0 or more", typed(text)),
                )
            })?;
            (index, "JOB_COMPLETION_INDEX")
        }
        (None, None) => {
            let message = "needs --shard-index, or JOB_COMPLETION_INDEX of an Indexed Job";
            return Err(usage("shard-count", message));
        }
    };
    if index >= count {
        let message =
            format!("{origin}: {index} is not below --shard-count {count}; shards are numbered from 0 here");
        return Err(Error::new(ErrorKind::Usage, message));
    }
    Ok(Selection::Shard { number: index + 1, count })
}

/// The flags exclude each other already, by clap.
pub(super) fn selection(args: &SelectionArgs, environment: &Environment) -> Result<Selection> {
    match args {
        SelectionArgs { range: Some(text), .. } => range(text),
        SelectionArgs { shard: Some(text), .. } => shard(text),
        SelectionArgs { shard_count: Some(count), shard_index, .. } => {
            indexed_shard(*count, *shard_index, environment)
        }
        SelectionArgs { shard_index: Some(_), .. } => {
            Err(usage("shard-index", "needs --shard-count, the number of shards"))
        }
        SelectionArgs { table: names, .. } if !names.is_empty() => {
            let mut tables: Vec<TableName> = Vec::new();
            for name in names {
                let name = table("table", name)?;
                if !tables.contains(&name) {
                    tables.push(name);
                }
            }
            Ok(Selection::Tables(tables))
        }
        _ => Ok(Selection::All),
    }
}

/// `snapshot`, `snapshot-table` or `read-committed`; the words may come as one text or as two.
pub(super) fn consistency(words: &[String]) -> Result<Consistency> {
    let text = words.join(" ");
    let (word, name) = text.split_once(char::is_whitespace).unwrap_or((&text, ""));
    match (word, name.trim()) {
        ("", _) => Ok(Consistency::SnapshotIfAllowed),
        ("snapshot", "") => Ok(Consistency::Snapshot),
        ("snapshot-table", "") => Ok(Consistency::SnapshotTable),
        ("read-committed", "") => Ok(Consistency::ReadCommitted),
        ("database-snapshot", "") => Err(usage("consistency", "database-snapshot needs the snapshot's name")),
        ("database-snapshot", name) => Ok(Consistency::DatabaseSnapshot(name.to_owned())),
        _ => Err(usage(
            "consistency",
            format!(
                "{text} is not known: write snapshot, snapshot-table, read-committed or database-snapshot NAME"
            ),
        )),
    }
}

/// `A=B`, each source schema once.
pub(super) fn schema_map(pairs: &[String], mistakes: &mut Mistakes) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    for pair in pairs {
        let parts = pair.split_once('=').map(|(from, to)| (from.trim(), to.trim()));
        let Some((from, to)) = parts.filter(|(from, to)| !from.is_empty() && !to.is_empty()) else {
            let message = format!("{} is not a mapping: write SOURCE=TARGET, like dbo=public", typed(pair));
            mistakes.add(usage("schema-map", message));
            continue;
        };
        if map.insert(from.to_owned(), to.to_owned()).is_some_and(|earlier| earlier != to) {
            mistakes.add(usage("schema-map", format!("schema {from} is mapped twice")));
        }
    }
    map
}

/// Checks the patterns; their meaning is the plan's.
pub(super) fn patterns(flag: &str, patterns: Vec<String>, mistakes: &mut Mistakes) -> Vec<String> {
    for pattern in &patterns {
        let typed = typed(pattern);
        if let Err(error) = globset::Glob::new(pattern) {
            let message = format!("{typed} is not a pattern of schema.table: {}", error.kind());
            mistakes.add(usage(flag, message));
        } else if !pattern.contains('.') && !pattern.contains('*') {
            let message = format!("{typed} matches no table: write schema.table, like dbo.* or *.Log*");
            mistakes.add(usage(flag, message));
        }
    }
    patterns
}

/// The URL from its flag or from the first line of its file.
pub(super) fn url(flag: &str, url: Option<String>, file: Option<&Path>) -> Result<Option<String>> {
    let config = |message: String| Error::new(ErrorKind::Config, message);
    let (text, origin) = match (url, file) {
        (Some(url), _) => (url, format!("--{flag}")),
        (None, None) => return Ok(None),
        (None, Some(path)) => {
            let origin = format!("--{flag}-file {}", path.display());
            let text = std::fs::read_to_string(path)
                .map_err(|error| config(format!("{origin}: cannot be read")).because(error))?;
            (text, origin)
        }
    };
    match text.trim() {
        "" => Err(config(format!("{origin} is empty"))),
        text => Ok(Some(text.to_owned())),
    }
}

/// The pod's name: the flag, `POD_NAME`, in Kubernetes the host name, elsewhere host name and process id.
pub(super) fn pod_name(flag: Option<String>, environment: &Environment) -> Result<String> {
    if let Some(name) = flag {
        let printable = !name.is_empty() && name.len() <= 253 && !name.chars().any(char::is_control);
        return if printable {
            Ok(name)
        } else {
            Err(usage("pod-name", "a pod's name has 1 to 253 printable characters"))
        };
    }
    if let Some(name) = environment.get("POD_NAME") {
        return Ok(name.to_owned());
    }
    let host = match environment.get("HOSTNAME") {
        Some(host) => host.to_owned(),
        None => std::fs::read_to_string("/proc/sys/kernel/hostname")
            .ok()
            .map(|host| host.trim().to_owned())
            .filter(|host| !host.is_empty())
            .unwrap_or_else(|| "localhost".to_owned()),
    };
    if environment.get("KUBERNETES_SERVICE_HOST").is_some() {
        return Ok(host);
    }
    Ok(format!("{host}-{}", std::process::id()))
}

#[cfg(test)]
mod tests;
