//! How requests reach the collector: OTLP over HTTP/1.1 (`http/protobuf`), by the hyper client of the exporter's own
//! crate and the TLS stack that the program has anyway (`docs/adr/0013-telemetry.md`).
//!
//! Guaranteed: a request takes no longer than its timeout. After [`Client::new`] was told by `closing` that the end is
//! near, no request goes on behind that moment, and none is tried again.

use crate::error::{Error, ErrorKind, Result, with_causes};
use crate::settings::Collector;
use async_trait::async_trait;
use bytes::Bytes;
use hyper_rustls::HttpsConnectorBuilder;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio::time::error::Elapsed;

/// Sends the requests of one signal, on the program's own runtime.
#[derive(Debug)]
pub(super) struct Client {
    http: Arc<dyn HttpClient>,
    timeout: Duration,
    runtime: Handle,
    closing: watch::Receiver<Option<Instant>>,
    /// Why the last request failed.
    failure: Arc<Mutex<String>>,
}

impl Client {
    /// Makes ready, sends nothing. `closing` may name the moment at which all ends.
    ///
    /// # Errors
    /// Kind Config if the certificates cannot be read.
    pub(super) fn new(
        collector: &Collector,
        runtime: Handle,
        closing: watch::Receiver<Option<Instant>>,
    ) -> Result<Self> {
        let https = HttpsConnectorBuilder::new().with_tls_config(tls(collector)?).https_or_http();
        let http = HyperClient::new(https.enable_http1().build(), collector.timeout, None);
        Ok(Self {
            http: Arc::new(http),
            timeout: collector.timeout,
            runtime,
            closing,
            failure: Arc::default(),
        })
    }

    /// Holds the reason of the last failure.
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
            // OTEL_EXPORTER_OTLP_HEADERS are secrets: not for the log of a library.
            value.set_sensitive(name.as_str() != "content-type");
        }
        let (http, timeout, mut closing) = (Arc::clone(&self.http), self.timeout, self.closing.clone());
        // The exporter's own thread has no reactor.
        let sent = self.runtime.spawn(async move {
            tokio::select! {
                answer = http.send_bytes(request) => Some(answer.map_err(|error| why(&error, timeout))),
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
        match &answer {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => self.failed(&format!("answered {}", answer.status())),
            Err(why) => self.failed(why),
        }
        Ok(answer?)
    }
}

fn why(error: &HttpError, timeout: Duration) -> String {
    if error.is::<Elapsed>() { format!("no answer within {timeout:?}") } else { with_causes(error.as_ref()) }
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
