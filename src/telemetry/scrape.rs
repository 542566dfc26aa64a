//! `/metrics` for a Prometheus that scrapes, where `--metrics-address` asks for it; off by default.
//!
//! Guaranteed: an address that cannot be had, and whoever asks too much, too slowly or for something else, costs the
//! copy nothing. The page is there while the process runs: what a pod did in its last seconds is seen by a collector
//! (`otlp`), not here.

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use opentelemetry_prometheus::PrometheusExporter;
use prometheus::{Registry, TEXT_FORMAT, TextEncoder};
use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as BoundListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// Who is connected at once: two or three replicas of a Prometheus, and a person.
const MOST_CONNECTIONS: usize = 8;
/// For a request to arrive, and for a whole connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(300);

/// Listens at the address, and answers as long as the runtime is there. The reader is what the meters count into.
///
/// # Errors
/// A sentence that says why nothing is served.
pub(super) fn serve(address: SocketAddr, runtime: &Handle) -> Result<Served, String> {
    let registry = Registry::new();
    let reader = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .scope_info_enabled(false)
        .build()
        .map_err(|error| format!("metrics are not served: {error}"))?;
    let refused =
        |error: std::io::Error| format!("metrics are not served at {address}: {error}; the work goes on");
    let listener = listen(address, runtime).map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    runtime.spawn(accept(listener, registry));
    Ok(Served { reader, address })
}

/// What is counted into, and where it is served.
pub(super) struct Served {
    pub(super) reader: PrometheusExporter,
    pub(super) address: SocketAddr,
}

fn listen(address: SocketAddr, runtime: &Handle) -> std::io::Result<TcpListener> {
    // A kernel without IPv6 has no `[::]`, and then all that can come is IPv4.
    let bound = BoundListener::bind(address).or_else(|error| match address {
        SocketAddr::V6(address) if address.ip().is_unspecified() && error.kind() != ErrorKind::AddrInUse => {
            BoundListener::bind((Ipv4Addr::UNSPECIFIED, address.port()))
        }
        _ => Err(error),
    })?;
    bound.set_nonblocking(true)?;
    let _inside = runtime.enter();
    TcpListener::from_std(bound)
}

async fn accept(listener: TcpListener, registry: Registry) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        // Who comes when all places are taken waits in the queue of the listener.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // No descriptor is free, most likely; the copy needs them more.
            tokio::time::sleep(Duration::from_secs(1)).await;
            continue;
        };
        let registry = registry.clone();
        tokio::spawn(async move {
            let _place = place;
            let _ = tokio::time::timeout(CONNECTION_TIMEOUT, answer(stream, registry)).await;
        });
    }
}

/// Answers what comes through one connection. Who hangs up has what it wanted.
async fn answer(stream: TcpStream, registry: Registry) {
    let service = service_fn(move |request: Request<Incoming>| {
        let response = page(&request, &registry);
        async move { Ok::<_, Infallible>(response) }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(error = %error, "a connection of /metrics ended early");
    }
}

fn page<B>(request: &Request<B>, registry: &Registry) -> Response<Full<Bytes>> {
    let (status, kind, text) = match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/metrics") => {
            match TextEncoder::new().encode_to_string(&registry.gather()) {
                Ok(text) => (StatusCode::OK, TEXT_FORMAT, text),
                Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, "text/plain", error.to_string()),
            }
        }
        (_, "/metrics") => (StatusCode::METHOD_NOT_ALLOWED, "text/plain", "GET it\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, "text/plain", "/metrics is all there is\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    if let Ok(kind) = kind.parse() {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_metrics_are_served_and_only_read() {
        let registry = Registry::new();
        for (method, path, status) in [
            (Method::GET, "/metrics", 200),
            (Method::HEAD, "/metrics", 200),
            (Method::GET, "/metrics?name[]=x", 200),
            (Method::POST, "/metrics", 405),
            (Method::GET, "/", 404),
            (Method::GET, "/metrics/../etc/passwd", 404),
        ] {
            let request = Request::builder().method(&method).uri(path).body(()).unwrap();
            assert_eq!(page(&request, &registry).status(), status, "{method} {path}");
        }
    }
}
