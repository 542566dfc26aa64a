//! What an unsuccessful answer of S3 means, by HTTP status and error code, never by text. The two tables are also what
//! `docs/reference/retries.md` is made from.

use crate::error::{Error, ErrorKind, with_causes};
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
    /// The credentials were refused as too old.
    Expired(Refusal),
}

/// An answer that is an error whatever was asked.
#[derive(Debug)]
pub(super) struct Refusal {
    kind: ErrorKind,
    status: Option<u16>,
    /// Was it for want of a permission?
    denied: bool,
    /// The store's code and message, or the text of the error below.
    text: String,
}

impl Refusal {
    /// `doing` says what failed and on which object, `needs` the permissions for it.
    pub(super) fn message(self, doing: &str, needs: &str) -> Error {
        let status = self.status.map_or_else(String::new, |status| format!(" (HTTP {status})"));
        let needs = if self.denied { format!("; it needs the permission {needs}") } else { String::new() };
        Error::new(self.kind, format!("{doing}: {}{status}{needs}", self.text))
    }

    pub(super) fn is_not_implemented(&self) -> bool {
        self.status == Some(501)
    }
}

impl Failure {
    /// For requests to which neither absence nor conflict is an answer.
    pub(super) fn into_error(self, doing: &str, needs: &str) -> Error {
        match self {
            Self::Error(refusal) | Self::Expired(refusal) => refusal.message(doing, needs),
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
            let kind = if status.is_some_and(|status| of_status(status) == Meaning::Transient) {
                ErrorKind::StoreUnavailable
            } else {
                ErrorKind::StoreRefused
            };
            Failure::Error(Refusal { kind, status, denied: false, text })
        }
        _ => {
            let (kind, text) = without_answer(&error);
            Failure::Error(Refusal { kind, status: None, denied: false, text })
        }
    }
}

/// What an answer means to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// No such object.
    Absent,
    /// The condition of a write did not hold, or two writes met: the object is read back.
    Conflict,
    /// Fetch the credentials anew, and try again.
    Expired,
    /// Try again.
    Transient,
    /// `StoreRefused`.
    Final,
}

/// THE table of error codes, which decide whatever the status ("Error responses" in the Amazon S3 API Reference).
pub(crate) const CODES: &[(&str, Meaning, &str)] = &[
    ("NoSuchKey", Meaning::Absent, "there is no such object"),
    ("NoSuchBucket", Meaning::Final, "there is no such bucket"),
    ("RequestTimeout", Meaning::Transient, "the connection was too slow"),
    ("SlowDown", Meaning::Transient, "the store is throttling"),
    ("Throttling", Meaning::Transient, "the store is throttling"),
    ("ThrottlingException", Meaning::Transient, "the store is throttling"),
    ("RequestLimitExceeded", Meaning::Transient, "the store is throttling"),
    ("ExpiredToken", Meaning::Expired, "the credentials have expired"),
    ("ExpiredTokenException", Meaning::Expired, "the credentials have expired"),
    ("TokenRefreshRequired", Meaning::Expired, "the credentials must be renewed"),
    ("RequestExpired", Meaning::Expired, "the signature is too old"),
    ("AccessDenied", Meaning::Final, "a permission is missing"),
    ("InvalidAccessKeyId", Meaning::Final, "the access key is not known"),
    ("InvalidToken", Meaning::Final, "the session token is not valid"),
    ("SignatureDoesNotMatch", Meaning::Final, "the secret key is wrong"),
    ("RequestTimeTooSkewed", Meaning::Final, "the clock of this machine is wrong"),
    ("AuthorizationHeaderMalformed", Meaning::Final, "the region is wrong"),
    ("PermanentRedirect", Meaning::Final, "the bucket is in another region"),
];

/// THE table of HTTP statuses, first to last, for answers whose code is not in [`CODES`]. All others are final.
pub(crate) const STATUSES: &[(u16, u16, Meaning, &str)] = &[
    (408, 408, Meaning::Transient, "request timeout"),
    (409, 409, Meaning::Conflict, "two writes met"),
    (412, 412, Meaning::Conflict, "the condition of a write did not hold"),
    (425, 425, Meaning::Transient, "too early"),
    (429, 429, Meaning::Transient, "too many requests"),
    (500, 500, Meaning::Transient, "internal error"),
    (501, 501, Meaning::Final, "not implemented; of a conditional write: `store_unconditional`"),
    (502, 599, Meaning::Transient, "bad gateway, unavailable, gateway timeout …"),
];

fn of_status(status: u16) -> Meaning {
    let row = STATUSES.iter().find(|(first, last, ..)| (*first..=*last).contains(&status));
    // A 404 that does not name the key does not prove that the object is absent.
    row.map_or(Meaning::Final, |(_, _, meaning, _)| *meaning)
}

fn of_answer(status: u16, code: Option<&str>) -> Meaning {
    match CODES.iter().find(|(name, ..)| Some(*name) == code) {
        Some((_, Meaning::Absent, _)) if status != 404 => of_status(status),
        Some((_, meaning, _)) => *meaning,
        None => of_status(status),
    }
}

/// Said of an answer without one.
const NO_CODE: &str = "no error code";

fn by_answer(status: u16, code: Option<&str>, message: Option<&str>) -> Failure {
    let refusal = |kind| {
        let code = code.unwrap_or(NO_CODE);
        let text = message.map_or_else(|| code.to_owned(), |message| format!("{code}: {message}"));
        let denied = status == 403 && matches!(code, "AccessDenied" | NO_CODE);
        Refusal { kind, status: Some(status), denied, text: one_line(&text) }
    };
    match of_answer(status, code) {
        Meaning::Absent => Failure::Absent,
        Meaning::Conflict => Failure::Conflict,
        Meaning::Expired => Failure::Expired(refusal(ErrorKind::StoreUnavailable)),
        Meaning::Transient => Failure::Error(refusal(ErrorKind::StoreUnavailable)),
        Meaning::Final => Failure::Error(refusal(ErrorKind::StoreRefused)),
    }
}

/// The places that the SDK looks for credentials at, as its documentation names them, not as its errors do.
const NO_CREDENTIALS: &str =
    "no AWS credentials found (tried environment, profile, web identity, container, instance)";

/// No answer came: no credentials, or no connection. The kind, and why.
fn without_answer<E>(error: &SdkError<E, HttpResponse>) -> (ErrorKind, String)
where
    E: StdError + 'static,
{
    let mut cause: Option<&(dyn StdError + 'static)> = error.source();
    let (mut of_credentials, mut not_loaded) = (false, false);
    while let Some(current) = cause {
        match current.downcast_ref::<CredentialsError>() {
            Some(CredentialsError::ProviderTimedOut(_)) => {
                let text = format!("nobody gave AWS credentials in time: {}", chain(current));
                return (ErrorKind::StoreUnavailable, text);
            }
            Some(found) => {
                of_credentials = true;
                not_loaded |= matches!(found, CredentialsError::CredentialsNotLoaded(_));
            }
            None => {}
        }
        // The provider could not reach its server (STS, instance metadata).
        if of_credentials && current.downcast_ref::<ConnectorError>().is_some() {
            let text = format!("the server that gives AWS credentials cannot be reached: {}", chain(current));
            return (ErrorKind::StoreUnavailable, text);
        }
        cause = current.source();
    }
    if not_loaded {
        return (ErrorKind::StoreRefused, NO_CREDENTIALS.to_owned());
    }
    if of_credentials {
        return (ErrorKind::StoreRefused, format!("the AWS credentials cannot be loaded: {}", chain(error)));
    }
    let refused = matches!(error, SdkError::ConstructionFailure(_));
    (if refused { ErrorKind::StoreRefused } else { ErrorKind::StoreUnavailable }, chain(error))
}

/// Logs and checkpoints hold a message on one line; some of the SDK's have several.
fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The texts of an error and its causes, on one line.
fn chain(error: &dyn StdError) -> String {
    one_line(&with_causes(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(status: u16, code: Option<&str>) -> Result<ErrorKind, &'static str> {
        match by_answer(status, code, Some("text")) {
            Failure::Absent => Err("absent"),
            Failure::Conflict => Err("conflict"),
            Failure::Expired(_) => Err("expired"),
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
            (400, Some("ExpiredToken"), Err("expired")),
            (403, Some("TokenRefreshRequired"), Err("expired")),
            (412, Some("NoSuchBucket"), Ok(StoreRefused)),
            (400, Some("SlowDown"), Ok(StoreUnavailable)),
            (403, Some("NoSuchKey"), Ok(StoreRefused)),
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
    fn a_message_is_one_line() {
        assert_eq!(
            one_line("no credentials\n  the provider said:\r\n\n\tnothing\n"),
            "no credentials the provider said: nothing"
        );
    }

    #[test]
    fn a_permission_that_is_missing_is_named() {
        for (code, needs) in
            [(Some("AccessDenied"), true), (None, true), (Some("SignatureDoesNotMatch"), false)]
        {
            let said = by_answer(403, code, None).into_error("cannot read s3://b/k", "s3:GetObject").detail();
            assert_eq!(said.ends_with("; it needs the permission s3:GetObject"), needs, "{said}");
        }
    }

    #[test]
    fn a_message_says_what_failed_and_why() {
        let failure = by_answer(404, Some("NoSuchBucket"), Some("The specified bucket does not exist"));
        assert_eq!(
            failure.into_error("cannot read s3://b/k", "s3:GetObject").detail(),
            "cannot read s3://b/k: NoSuchBucket: The specified bucket does not exist (HTTP 404)"
        );
    }
}
