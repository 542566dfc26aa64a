//! The store on S3 and on what speaks its protocol.
//!
//! Region, endpoint and credentials come from the AWS SDK's own chain (environment, profile, IRSA, Pod Identity,
//! instance profile; `AWS_ENDPOINT_URL_S3`). A custom endpoint means path-style addresses, and `us-east-1` if no
//! region is set. Permissions needed: `s3:GetObject`, `s3:PutObject`, `s3:DeleteObject` below the prefix and
//! `s3:ListBucket` on the bucket (without the last, S3 answers 403 for an absent object).
//!
//! The SDK repeats what is transient (5xx, throttling, connection) a few times itself; it does not repeat a 409, and a
//! repeated put may be answered 412 because of itself: both are resolved by `put.rs`. An attempt that gets no answer is
//! given up after some seconds, so that a store behind a black hole holds nobody. Credentials that the store calls
//! expired, whatever their own date says, are fetched anew once, and the request is sent again.

use super::store::{ListedObject, ListedVersion, Object, PutOutcome, Store, Tag};
use crate::error::{Error, ErrorKind, Result};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, ConfigBag, Credentials, IdentityCache, Intercept, Region, RequestChecksumCalculation,
    ResponseChecksumValidation, RuntimeComponents,
};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use bytes::Bytes;
use failure::Failure;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

mod endpoint;
pub(crate) mod failure;

/// What reading asks for: without the second, S3 answers 403 for an object that is not there.
const READ: &str = "s3:GetObject, and s3:ListBucket on the bucket";
/// Attempts of the SDK at one request.
const ATTEMPTS: u32 = 4;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// One attempt until its answer begins.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// And as much again for so many bytes to send: a plan has megabytes.
const BYTES_PER_TIMEOUT: usize = 256 * 1024;
/// All attempts together: less than the claim timeout (60 s), so that a late heartbeat is known to be late.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(40);

/// What replaces the SDK's own findings; for tests and tools, nothing by default.
#[derive(Clone, Default)]
pub struct S3Options {
    pub endpoint: Option<String>,
    pub region: Option<String>,
    /// Access key and secret key.
    pub credentials: Option<(String, String)>,
}

/// A prefix of a bucket.
#[derive(Debug, Clone)]
pub struct S3Store {
    client: Arc<Mutex<Current>>,
    bucket: String,
    /// Empty, or ends with a slash.
    root: String,
    /// ` at http://minio:9000` or ` (region eu-central-1)`, for messages.
    place: String,
}

/// The client in use.
#[derive(Debug)]
struct Current {
    client: Client,
    /// How often its credentials were renewed.
    renewals: u64,
}

/// A request that failed.
struct FailedRequest {
    error: Error,
    /// Because the credentials have expired: with others it may not.
    expired: bool,
}

impl From<Error> for FailedRequest {
    fn from(error: Error) -> Self {
        Self { error, expired: false }
    }
}

impl FailedRequest {
    fn from_failure(failure: Failure, doing: &str, needs: &str) -> Self {
        let expired = matches!(failure, Failure::Expired(_));
        Self { error: failure.into_error(doing, needs), expired }
    }
}

/// Sends a request; once more with fresh credentials if they have expired.
macro_rules! with_fresh_credentials {
    ($store:ident, |$client:ident| $request:expr) => {{
        let ($client, renewals) = $store.client();
        match $request.await {
            Err(FailedRequest { expired: true, .. }) => {
                let $client = $store.renewed(renewals);
                $request.await
            }
            outcome => outcome,
        }
        .map_err(|failed| failed.error)
    }};
}

impl S3Store {
    /// By the SDK's own chain; sends nothing to the bucket yet. Errors: `Config` (no region, an endpoint that is no
    /// URL).
    pub async fn open(bucket: &str, prefix: &str) -> Result<Self> {
        Self::open_with(bucket, prefix, S3Options::default()).await
    }

    /// The same with some of the chain replaced.
    pub async fn open_with(bucket: &str, prefix: &str, options: S3Options) -> Result<Self> {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http);
        if let Some(endpoint) = options.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        if let Some(region) = options.region {
            loader = loader.region(Region::new(region));
        }
        if let Some((access_key, secret_key)) = options.credentials {
            loader =
                loader.credentials_provider(Credentials::new(access_key, secret_key, None, None, "options"));
        }
        let shared = loader.load().await;
        let endpoint = endpoint::custom(&shared)?;
        let custom = endpoint.is_some();
        let region = match shared.region() {
            Some(region) => region.clone(),
            None if custom => Region::from_static("us-east-1"),
            None => {
                return Err(Error::new(
                    ErrorKind::Config,
                    format!(
                        "no region for s3://{bucket}; set AWS_REGION (and AWS_ENDPOINT_URL_S3 for a store that is not AWS)"
                    ),
                ));
            }
        };
        let place =
            endpoint.map_or_else(|| format!(" (region {region})"), |endpoint| format!(" at {endpoint}"));
        let config = aws_sdk_s3::config::Builder::from(&shared)
            .region(region)
            .force_path_style(custom)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(timeouts(0))
            // Bodies are signed; many S3-compatible stores do not know the newer checksum headers.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .build();
        let root = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let current = Current { client: Client::from_conf(config), renewals: 0 };
        Ok(Self { client: Arc::new(Mutex::new(current)), bucket: bucket.to_owned(), root, place })
    }

    /// The client, and how often its credentials were renewed.
    fn client(&self) -> (Client, u64) {
        let current = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        (current.client.clone(), current.renewals)
    }

    /// A client that has forgotten the credentials which were in use after `renewals`, and asks their provider again.
    fn renewed(&self, renewals: u64) -> Client {
        let mut current = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if current.renewals == renewals {
            tracing::info!("the checkpoint store calls the credentials expired; fetching them anew");
            let config =
                current.client.config().to_builder().identity_cache(IdentityCache::lazy().build()).build();
            *current = Current { client: Client::from_conf(config), renewals: renewals + 1 };
        }
        current.client.clone()
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.root)
    }

    /// `cannot read s3://bucket/key at http://minio:9000`, for messages.
    fn doing(&self, what: &str, key: &str) -> String {
        format!("cannot {what} s3://{}/{}{key}{}", self.bucket, self.root, self.place)
    }

    async fn read(&self, client: &Client, key: &str) -> Result<Option<Object>, FailedRequest> {
        let doing = || self.doing("read", key);
        let clock = StoreClock::default();
        let request = client.get_object().bucket(&self.bucket).key(self.key(key));
        let answer = match request.customize().interceptor(clock.clone()).send().await {
            Ok(answer) => answer,
            Err(error) => {
                return match failure::classify(error) {
                    Failure::Absent => Ok(None),
                    failure => Err(FailedRequest::from_failure(failure, &doing(), READ)),
                };
            }
        };
        let broken = |cause: BoxError| Error::new(ErrorKind::StoreUnavailable, doing()).because(cause);
        let tag = answer
            .e_tag
            .ok_or_else(|| Error::new(ErrorKind::StoreRefused, format!("{}: no ETag", doing())))?;
        let body = tokio::time::timeout(REQUEST_TIMEOUT, answer.body.collect())
            .await
            .map_err(|late| broken(late.into()))?
            .map_err(|error| broken(error.into()))?
            .into_bytes();
        let modified = answer.last_modified.as_ref().and_then(timestamp);
        let modified = modified.ok_or_else(|| {
            Error::new(ErrorKind::StoreRefused, format!("{}: no Last-Modified in the answer", doing()))
        })?;
        // Without a Date the object counts as fresh: nobody's claim is taken over by mistake.
        let now = clock.read().map_or(modified, |now| now.max(modified));
        Ok(Some(Object { body, tag: Tag(tag), modified, now }))
    }

    async fn put(
        &self,
        client: &Client,
        key: &str,
        body: Bytes,
        tag: Option<&Tag>,
    ) -> Result<PutOutcome, FailedRequest> {
        let doing = || self.doing("write", key);
        let clock = StoreClock::default();
        let patience = aws_sdk_s3::config::Builder::new().timeout_config(timeouts(body.len()));
        let request = client
            .put_object()
            .bucket(&self.bucket)
            .key(self.key(key))
            .content_type("application/json")
            .body(ByteStream::from(body));
        let request = match tag {
            None => request.if_none_match("*"),
            Some(tag) => request.if_match(&tag.0),
        };
        match request.customize().config_override(patience).interceptor(clock.clone()).send().await {
            Ok(answer) => {
                let tag = answer.e_tag.ok_or_else(|| {
                    Error::new(ErrorKind::StoreRefused, format!("{}: no ETag in the answer", doing()))
                })?;
                // After a write only its tag matters; the time is for people.
                Ok(PutOutcome::Stored { tag: Tag(tag), now: clock.read().unwrap_or(Timestamp::UNIX_EPOCH) })
            }
            Err(error) => match failure::classify(error) {
                Failure::Conflict => Ok(PutOutcome::Conflict),
                // If-Match on an absent key: 404 on AWS, 412 elsewhere.
                Failure::Absent if tag.is_some() => Ok(PutOutcome::Conflict),
                Failure::Error(error) if error.is_not_implemented() => Err(Error::new(
                    ErrorKind::StoreUnconditional,
                    format!("{}: the store does not implement conditional writes", doing()),
                )
                .into()),
                failure => Err(FailedRequest::from_failure(failure, &doing(), "s3:PutObject")),
            },
        }
    }

    /// Sorted by key: pages of 1,000, one after another.
    async fn listing(&self, client: &Client, prefix: &str) -> Result<Vec<ListedObject>, FailedRequest> {
        let mut listed = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let clock = StoreClock::default();
            let request = client
                .list_objects_v2()
                .bucket(&self.bucket)
                .prefix(self.key(prefix))
                .set_continuation_token(next.take());
            let page = request.customize().interceptor(clock.clone()).send().await.map_err(|error| {
                FailedRequest::from_failure(
                    failure::classify(error),
                    &self.doing("list", prefix),
                    "s3:ListBucket",
                )
            })?;
            let now = clock.read();
            listed.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| {
                let key = object.key?.strip_prefix(&self.root)?.to_owned();
                let modified = object.last_modified.as_ref().and_then(timestamp);
                let version = object.e_tag.zip(modified).map(|(tag, modified)| {
                    // As in `read`: without a Date the object counts as fresh.
                    let now = now.map_or(modified, |now| now.max(modified));
                    ListedVersion { tag: Tag(tag), modified, now }
                });
                Some(ListedObject { key, version })
            }));
            next = page.next_continuation_token.filter(|_| page.is_truncated == Some(true));
            if next.is_none() {
                break;
            }
        }
        listed.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(listed)
    }

    async fn remove(&self, client: &Client, key: &str) -> Result<(), FailedRequest> {
        match client.delete_object().bucket(&self.bucket).key(self.key(key)).send().await {
            Ok(_) => Ok(()),
            Err(error) => match failure::classify(error) {
                Failure::Absent => Ok(()),
                failure => {
                    Err(FailedRequest::from_failure(failure, &self.doing("delete", key), "s3:DeleteObject"))
                }
            },
        }
    }
}

/// For a request with a body of so many bytes.
fn timeouts(body: usize) -> TimeoutConfig {
    let more = u32::try_from(body / BYTES_PER_TIMEOUT).unwrap_or(u32::MAX);
    let attempt = ATTEMPT_TIMEOUT.saturating_mul(more.saturating_add(1));
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(attempt)
        .operation_timeout(REQUEST_TIMEOUT.max(attempt.saturating_mul(2)))
        .build()
}

fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::from_second(time.secs()).ok()
}

/// Catches the Date header of the answer: the store's clock.
#[derive(Debug, Clone, Default)]
struct StoreClock(Arc<Mutex<Option<Timestamp>>>);

impl StoreClock {
    fn read(&self) -> Option<Timestamp> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for StoreClock {
    fn name(&self) -> &'static str {
        "StoreClock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").and_then(http_date);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date;
        Ok(())
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

impl Store for S3Store {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Object>>> {
        Box::pin(async move { with_fresh_credentials!(self, |client| self.read(&client, key)) })
    }

    fn create<'a>(&'a self, key: &'a str, body: Bytes) -> BoxFuture<'a, Result<PutOutcome>> {
        Box::pin(
            async move { with_fresh_credentials!(self, |client| self.put(&client, key, body.clone(), None)) },
        )
    }

    fn replace<'a>(&'a self, key: &'a str, body: Bytes, tag: &'a Tag) -> BoxFuture<'a, Result<PutOutcome>> {
        Box::pin(async move {
            with_fresh_credentials!(self, |client| self.put(&client, key, body.clone(), Some(tag)))
        })
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>>> {
        Box::pin(async move {
            let listed = self.list_versions(prefix).await?;
            Ok(listed.into_iter().map(|object| object.key).collect())
        })
    }

    fn list_versions<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<ListedObject>>> {
        Box::pin(async move { with_fresh_credentials!(self, |client| self.listing(&client, prefix)) })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { with_fresh_credentials!(self, |client| self.remove(&client, key)) })
    }
}

#[cfg(test)]
mod tests;
