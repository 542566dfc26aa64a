//! How requests reach the collector: HTTP/1.1, or gRPC over HTTP/2, by the HTTP client and the TLS stack that S3 has
//! anyway.
//!
//! The exporter makes one message a batch, the same for both protocols; gRPC frames it with five bytes and answers with a
//! status in the trailers ("gRPC over HTTP2"), which is told to the exporter as the HTTP status that means the same
//! ("OTLP/gRPC Failures", "OTLP/HTTP Failures").
//!
//! Guaranteed: a request takes no longer than its timeout, and from [`Client::close_by`] on none goes on behind that
//! moment, nor is tried again then.

use crate::error::{Error, ErrorKind, Result, with_causes};
use crate::settings::{Collector, Protocol};
use async_trait::async_trait;
use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CONTENT_TYPE, TE};
use http::{HeaderMap, HeaderValue, Version};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Http;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A collector answers with a few bytes.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// Sends the requests of one signal, on the program's own runtime.
pub(super) struct Client {
    http: Http<HttpsConnector<HttpConnector>, Full<Bytes>>,
    protocol: Protocol,
    timeout: Duration,
    runtime: Handle,
    closing: watch::Receiver<Option<Instant>>,
    /// Why the last request failed.
    failure: Arc<Mutex<String>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}

impl Client {
    /// Makes ready, sends nothing. `closing` may name the moment at which all ends.
    ///
    /// # Errors
    /// Kind Config where the certificates cannot be read.
    pub(super) fn new(
        collector: &Collector,
        runtime: Handle,
        closing: watch::Receiver<Option<Instant>>,
    ) -> Result<Self> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_nodelay(true);
        let https = HttpsConnectorBuilder::new().with_tls_config(tls(collector)?).https_or_http();
        let grpc = collector.protocol == Protocol::Grpc;
        let connector = if grpc {
            https.enable_http2().wrap_connector(tcp)
        } else {
            https.enable_http1().wrap_connector(tcp)
        };
        let http = Http::builder(TokioExecutor::new()).http2_only(grpc).build(connector);
        let failure = Arc::default();
        Ok(Self { http, protocol: collector.protocol, timeout: collector.timeout, runtime, closing, failure })
    }

    /// Where the reason of the last failure is found.
    pub(super) fn failure(&self) -> Arc<Mutex<String>> {
        Arc::clone(&self.failure)
    }

    fn failed(&self, why: &str) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        why.clone_into(&mut failure);
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(
        &self,
        mut request: Request<Bytes>,
    ) -> std::result::Result<Response<Bytes>, HttpError> {
        for (name, value) in request.headers_mut() {
            // OTEL_EXPORTER_OTLP_HEADERS are secrets: not for the log of a library, nor for a table of known headers.
            value.set_sensitive(name != CONTENT_TYPE);
        }
        let request = match self.protocol {
            Protocol::HttpProtobuf => request,
            Protocol::Grpc => framed(request)?,
        };
        let http = self.http.clone();
        let (timeout, mut closing, protocol) = (self.timeout, self.closing.clone(), self.protocol);
        // The exporter's own thread has no reactor.
        let sent = self.runtime.spawn(async move {
            tokio::select! {
                answer = tokio::time::timeout(timeout, exchange(&http, request, protocol)) => {
                    Some(answer.unwrap_or_else(|_| Err(format!("no answer within {timeout:?}"))))
                }
                () = closed(&mut closing) => None,
            }
        });
        let answer = match sent.await {
            Ok(Some(answer)) => answer,
            Ok(None) => {
                self.failed("no answer before the process ended");
                // Not to be tried again.
                return Ok(Response::builder().status(408).body(Bytes::new())?);
            }
            Err(_) => Err("the runtime has ended".to_owned()),
        };
        match answer {
            Ok(answer) => {
                if !answer.status().is_success() {
                    self.failed(&format!("answered {}", answer.status()));
                }
                Ok(answer)
            }
            Err(why) => {
                self.failed(&why);
                Err(why.into())
            }
        }
    }
}

/// Returns when the moment has come by which all must end; never before one is named.
async fn closed(closing: &mut watch::Receiver<Option<Instant>>) {
    let until = closing.wait_for(Option::is_some).await.ok().and_then(|until| *until);
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        // Nobody can name one any more.
        None => std::future::pending().await,
    }
}

async fn exchange(
    http: &Http<HttpsConnector<HttpConnector>, Full<Bytes>>,
    request: Request<Bytes>,
    protocol: Protocol,
) -> std::result::Result<Response<Bytes>, String> {
    let answer = http.request(request.map(Full::new)).await.map_err(|error| with_causes(&error))?;
    let (head, body) = answer.into_parts();
    let body =
        Limited::new(body, LARGEST_ANSWER).collect().await.map_err(|error| with_causes(error.as_ref()))?;
    if protocol == Protocol::HttpProtobuf || !head.status.is_success() {
        return Ok(Response::from_parts(head, body.to_bytes()));
    }
    let status = |headers: &HeaderMap| {
        headers.get("grpc-status").and_then(|status| status.to_str().ok()).map(str::to_owned)
    };
    let code = body.trailers().and_then(&status).or_else(|| status(&head.headers));
    let bytes = body.to_bytes();
    let message = if bytes.len() > FRAME { bytes.slice(FRAME..) } else { Bytes::new() };
    let answer = Response::builder().status(http_status(code.as_deref())).body(message);
    answer.map_err(|error| error.to_string())
}

/// A frame's head: not compressed, and its length.
const FRAME: usize = 5;

fn framed(request: Request<Bytes>) -> std::result::Result<Request<Bytes>, HttpError> {
    let (mut head, body) = request.into_parts();
    let mut frame = BytesMut::with_capacity(FRAME + body.len());
    frame.put_u8(0);
    frame.put_u32(u32::try_from(body.len())?);
    frame.extend_from_slice(&body);
    head.version = Version::HTTP_2;
    head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    head.headers.insert(TE, HeaderValue::from_static("trailers"));
    Ok(Request::from_parts(head, frame.freeze()))
}

/// What a gRPC status is in HTTP: 503 where the exporter may try again.
fn http_status(code: Option<&str>) -> u16 {
    match code {
        Some("0") => 200,
        // Cancelled, deadline exceeded, aborted, out of range, unavailable, data loss.
        Some("1" | "4" | "10" | "11" | "14" | "15") => 503,
        Some("7" | "16") => 403,
        Some("12") => 404,
        _ => 400,
    }
}

fn tls(collector: &Collector) -> Result<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    // Reading all of the system's roots takes a while.
    if let Some(path) = &collector.certificate {
        let refused = |why: String| {
            Error::new(ErrorKind::Config, format!("OTEL_EXPORTER_OTLP_CERTIFICATE {}: {why}", path.display()))
        };
        let found = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>)
            .map_err(|error| refused(error.to_string()))?;
        if roots.add_parsable_certificates(found).0 == 0 {
            return Err(refused("holds no certificate".to_owned()));
        }
    } else if collector.url.scheme() == "https" {
        let found = crate::anchors::of_system().map(|found| found.certificates.clone());
        roots.add_parsable_certificates(found.unwrap_or_default());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(ErrorKind::Bug, "TLS versions").because(error))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
