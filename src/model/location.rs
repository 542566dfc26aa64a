//! Where checkpoints are kept and which run they belong to: `--checkpoint` and `--run-id`.

use crate::error::{Error, ErrorKind, Result};
use std::fmt;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::str::FromStr;

/// `s3://bucket/prefix` or `file:///dir`. Holds no secrets: credentials come from the AWS SDK's own chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckpointUrl {
    S3 {
        bucket: String,
        /// Without slashes at its ends; empty for the bucket's root.
        prefix: String,
    },
    /// An absolute directory.
    File { directory: PathBuf },
}

impl CheckpointUrl {
    /// Reads `s3://bucket/prefix` or `file:///dir`. Errors: `Config`, saying what is wrong.
    pub fn parse(text: &str) -> Result<Self> {
        if let Some(rest) = text.strip_prefix("s3://") {
            return s3(rest).map_err(|why| refused(text, &why));
        }
        if text.starts_with("file:") {
            return file(text).map_err(|why| refused(text, &why));
        }
        Err(refused(text, "write s3://bucket/prefix or file:///dir"))
    }
}

/// The text is shown without what might be credentials (`s3://key:secret@bucket`).
fn refused(text: &str, why: &str) -> Error {
    let shown =
        if text.contains('@') { "the checkpoint URL".to_owned() } else { format!("checkpoint URL `{text}`") };
    Error::new(ErrorKind::Config, format!("{shown}: {why}"))
}

fn s3(rest: &str) -> Result<CheckpointUrl, String> {
    if rest.contains(['?', '#', '@', '\\']) {
        return Err(
            "only a bucket and a prefix may follow s3://; region, endpoint and credentials come from the \
                    AWS environment (AWS_REGION, AWS_ENDPOINT_URL_S3, …)"
                .to_owned(),
        );
    }
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    check_bucket(bucket)?;
    let prefix = prefix.trim_end_matches('/');
    if !prefix.is_empty() && prefix.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
        return Err("the prefix may not have empty parts, `.` or `..`".to_owned());
    }
    // S3 keys end at 1,024 bytes; what shardferry adds stays below 600.
    if prefix.len() > 400 || prefix.chars().any(char::is_control) {
        return Err("the prefix may have at most 400 bytes and no control characters".to_owned());
    }
    Ok(CheckpointUrl::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
}

/// The naming rules of general purpose buckets (S3 user guide, "Bucket naming rules").
fn check_bucket(bucket: &str) -> Result<(), String> {
    let letter_or_digit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = bucket.as_bytes();
    if bucket.is_empty() {
        return Err("the bucket is missing; write s3://bucket/prefix".to_owned());
    }
    if !(3..=63).contains(&bytes.len()) {
        return Err(format!("bucket `{bucket}` must have 3 to 63 characters"));
    }
    if !bytes.iter().all(|&byte| letter_or_digit(byte) || byte == b'-' || byte == b'.') {
        return Err(format!("bucket `{bucket}` may only have lower case letters, digits, hyphens and dots"));
    }
    let ends = [bytes[0], bytes[bytes.len() - 1]];
    if !ends.into_iter().all(letter_or_digit) || bucket.contains("..") || bucket.parse::<Ipv4Addr>().is_ok() {
        return Err(format!(
            "bucket `{bucket}` must begin and end with a letter or digit, have no two dots together, and be no IP address"
        ));
    }
    Ok(())
}

fn file(text: &str) -> Result<CheckpointUrl, String> {
    if !text.starts_with("file:/") {
        return Err("the directory must be absolute: file:///dir".to_owned());
    }
    let url = url::Url::parse(text).map_err(|error| format!("{error}; write file:///dir"))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("`?` and `#` in a directory name are written %3F and %23".to_owned());
    }
    let directory =
        url.to_file_path().map_err(|()| "the directory must be on this machine: file:///dir".to_owned())?;
    if directory.parent().is_none() {
        return Err("the root directory cannot hold checkpoints; write file:///dir".to_owned());
    }
    Ok(CheckpointUrl::File { directory })
}

/// As it would be written; ends without a slash.
impl fmt::Display for CheckpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
            Self::File { directory } => match url::Url::from_file_path(directory) {
                Ok(url) => f.write_str(url.as_str().trim_end_matches('/')),
                Err(()) => write!(f, "file://{}", directory.display()),
            },
        }
    }
}

impl FromStr for CheckpointUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

/// The name of a run: 1 to 100 of `A-Z a-z 0-9 . _ -`, not beginning with a dot. It is a folder of the store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RunId(String);

impl RunId {
    /// The run that nobody has named.
    #[must_use]
    pub fn unnamed() -> Self {
        Self("default".to_owned())
    }

    /// Errors: `Config`.
    pub fn parse(text: &str) -> Result<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let dotted = text.starts_with('.');
        if !dotted && (1..=100).contains(&text.len()) && text.bytes().all(allowed) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::new(
            ErrorKind::Config,
            format!(
                "run id `{text}`: 1 to 100 letters, digits, dots, underscores and hyphens, not beginning with a dot"
            ),
        ))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RunId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_shown_in_one_form() {
        for (text, shown) in [
            ("s3://bucket/prefix", "s3://bucket/prefix"),
            ("s3://bucket", "s3://bucket"),
            ("s3://bucket/", "s3://bucket"),
            ("s3://my.bucket-1/a/b c/", "s3://my.bucket-1/a/b c"),
            ("file:///var/lib/shardferry", "file:///var/lib/shardferry"),
            ("file:///tmp/a%20b/", "file:///tmp/a%20b"),
            ("file://localhost/tmp/a", "file:///tmp/a"),
        ] {
            let url = CheckpointUrl::parse(text).unwrap();
            assert_eq!(url.to_string(), shown);
            assert_eq!(CheckpointUrl::parse(shown).unwrap(), url, "{text}");
        }
        let spaced = CheckpointUrl::parse("file:///tmp/a%20b/").unwrap();
        assert_eq!(spaced, CheckpointUrl::File { directory: PathBuf::from("/tmp/a b/") });
    }

    #[test]
    fn a_wrong_url_says_what_is_wrong() {
        for (text, part) in [
            ("", "write s3://bucket/prefix or file:///dir"),
            ("bucket/prefix", "write s3://"),
            ("https://bucket.s3.amazonaws.com/x", "write s3://"),
            ("s3://", "the bucket is missing"),
            ("s3:///prefix", "the bucket is missing"),
            ("s3://ab/x", "3 to 63"),
            ("s3://My_Bucket/x", "lower case"),
            ("s3://-bucket/x", "begin and end"),
            ("s3://bu..cket/x", "two dots"),
            ("s3://192.168.1.1/x", "IP address"),
            ("s3://bucket/a//b", "empty parts"),
            ("s3://bucket/../b", "empty parts"),
            ("s3://bucket/a?region=x", "AWS_REGION"),
            ("file:dir", "absolute"),
            ("file://server/dir", "this machine"),
            ("file:///", "root directory"),
            ("file:///a?b", "%3F"),
        ] {
            let error = CheckpointUrl::parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn credentials_in_a_url_are_not_repeated() {
        let error = CheckpointUrl::parse("s3://KEY:hunter2@bucket/x").unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn run_ids() {
        for text in ["a", "2024-06-01", "orders_v2.1", "_a", "-", &"x".repeat(100)] {
            assert_eq!(RunId::parse(text).unwrap().as_str(), text);
        }
        for text in ["", ".", "..", "../x", "a/b", "a b", ".lock", "ü", &"x".repeat(101)] {
            assert_eq!(RunId::parse(text).unwrap_err().kind(), ErrorKind::Config, "{text}");
        }
    }
}
