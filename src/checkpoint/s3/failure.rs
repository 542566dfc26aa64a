//! What an unsuccessful answer of S3 means, by HTTP status and error code, never by text.

use crate::error::{Error, ErrorKind};
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ConnectorError, ProvideErrorMetadata, SdkError};
use std::error::Error as StdError;

/// The outcome of a request that did not succeed.
#[derive(Debug)]
pub(super) enum Failure {
    /// No such object.
    Absent,
    /// The condition of a write did not hold, or two writes met.
    Conflict,
    Error(Refusal),
}

/// An answer that is an error whatever was asked.
#[derive(Debug)]
pub(super) struct Refusal {
    kind: ErrorKind,
    status: Option<u16>,
    /// The store's code and message, or the text of the error below.
    text: String,
}

impl Refusal {
    /// `doing` says what failed and on which object.
    pub(super) fn message(self, doing: String) -> Error {
        match self.status {
            Some(status) => Error::new(self.kind, format!("{doing}: {} (HTTP {status})", self.text)),
            None => Error::new(self.kind, format!("{doing}: {}", self.text)),
        }
    }

    pub(super) fn is_not_implemented(&self) -> bool {
        self.status == Some(501)
    }
}

impl Failure {
    /// For requests to which neither absence nor conflict is an answer.
    pub(super) fn into_error(self, doing: String) -> Error {
        match self {
            Self::Error(refusal) => refusal.message(doing),
            Self::Absent => Error::new(
                ErrorKind::StoreRefused,
                format!("{doing}: the store answers that it is not there"),
            ),
            Self::Conflict => {
                Error::new(ErrorKind::StoreUnavailable, format!("{doing}: the store answers a conflict"))
            }
        }
    }
}

/// Reads status and code of an error.
pub(super) fn classify<E>(error: SdkError<E, HttpResponse>) -> Failure
where
    E: StdError + ProvideErrorMetadata + 'static,
{
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    match (&error, status) {
        (SdkError::ServiceError(_), Some(status)) => by_answer(status, error.code(), error.message()),
        (SdkError::ResponseError(_), _) => {
            let text = format!("the answer is not that of an S3 server: {}", chain(&error));
            let kind = if status.is_some_and(is_transient) {
                ErrorKind::StoreUnavailable
            } else {
                ErrorKind::StoreRefused
            };
            Failure::Error(Refusal { kind, status, text })
        }
        _ => Failure::Error(Refusal { kind: without_answer(&error), status: None, text: chain(&error) }),
    }
}

const fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502..=599)
}

/// THE table of S3 answers.
fn by_answer(status: u16, code: Option<&str>, message: Option<&str>) -> Failure {
    let kind = match (status, code) {
        (404, Some("NoSuchKey")) => return Failure::Absent,
        (409 | 412, code) if code != Some("NoSuchBucket") => return Failure::Conflict,
        // 400 with these codes: the connection was too slow, or the store is throttling.
        (
            _,
            Some(
                "RequestTimeout" | "SlowDown" | "Throttling" | "ThrottlingException" | "RequestLimitExceeded",
            ),
        ) => ErrorKind::StoreUnavailable,
        (status, _) if is_transient(status) => ErrorKind::StoreUnavailable,
        // NoSuchBucket, AccessDenied, InvalidAccessKeyId, SignatureDoesNotMatch, PermanentRedirect … and a 404 that
        // does not name the key: that answer does not prove that the object is absent.
        _ => ErrorKind::StoreRefused,
    };
    let code = code.unwrap_or("no error code");
    let text = message.map_or_else(|| code.to_owned(), |message| format!("{code}: {message}"));
    Failure::Error(Refusal { kind, status: Some(status), text })
}

/// No answer came: no credentials, or no connection.
fn without_answer<E>(error: &SdkError<E, HttpResponse>) -> ErrorKind
where
    E: StdError + 'static,
{
    let mut refused = matches!(error, SdkError::ConstructionFailure(_));
    let mut cause: Option<&(dyn StdError + 'static)> = error.source();
    let mut of_credentials = false;
    while let Some(current) = cause {
        match current.downcast_ref::<CredentialsError>() {
            Some(CredentialsError::ProviderTimedOut(_)) => return ErrorKind::StoreUnavailable,
            Some(_) => of_credentials = true,
            None => {}
        }
        // The provider could not reach its server (STS, instance metadata).
        if of_credentials && current.downcast_ref::<ConnectorError>().is_some() {
            return ErrorKind::StoreUnavailable;
        }
        cause = current.source();
    }
    refused |= of_credentials;
    if refused { ErrorKind::StoreRefused } else { ErrorKind::StoreUnavailable }
}

/// The texts of an error and its causes, without repetitions.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(current) = cause {
        let next = current.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = current.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(status: u16, code: Option<&str>) -> Result<ErrorKind, &'static str> {
        match by_answer(status, code, Some("text")) {
            Failure::Absent => Err("absent"),
            Failure::Conflict => Err("conflict"),
            Failure::Error(refusal) => Ok(refusal.kind),
        }
    }

    #[test]
    fn answers_are_told_apart_by_status_and_code() {
        use ErrorKind::{StoreRefused, StoreUnavailable};
        for (status, code, expected) in [
            (404, Some("NoSuchKey"), Err("absent")),
            (404, Some("NoSuchBucket"), Ok(StoreRefused)),
            (404, None, Ok(StoreRefused)),
            (412, Some("PreconditionFailed"), Err("conflict")),
            (409, Some("ConditionalRequestConflict"), Err("conflict")),
            (409, Some("OperationAborted"), Err("conflict")),
            (403, Some("AccessDenied"), Ok(StoreRefused)),
            (403, Some("InvalidAccessKeyId"), Ok(StoreRefused)),
            (403, Some("SignatureDoesNotMatch"), Ok(StoreRefused)),
            (403, Some("RequestTimeTooSkewed"), Ok(StoreRefused)),
            (400, Some("ExpiredToken"), Ok(StoreRefused)),
            (400, Some("AuthorizationHeaderMalformed"), Ok(StoreRefused)),
            (301, Some("PermanentRedirect"), Ok(StoreRefused)),
            (501, Some("NotImplemented"), Ok(StoreRefused)),
            (400, Some("RequestTimeout"), Ok(StoreUnavailable)),
            (503, Some("SlowDown"), Ok(StoreUnavailable)),
            (500, Some("InternalError"), Ok(StoreUnavailable)),
            (502, None, Ok(StoreUnavailable)),
            (429, None, Ok(StoreUnavailable)),
        ] {
            assert_eq!(kind(status, code), expected, "{status} {code:?}");
        }
    }

    #[test]
    fn a_message_says_what_failed_and_why() {
        let failure = by_answer(404, Some("NoSuchBucket"), Some("The specified bucket does not exist"));
        assert_eq!(
            failure.into_error("cannot read s3://b/k".to_owned()).detail(),
            "cannot read s3://b/k: NoSuchBucket: The specified bucket does not exist (HTTP 404)"
        );
    }
}
