//! Who receives telemetry: a plain OTLP receiver in this process, which keeps every byte, and Rotel, a collector of its
//! own making, which passes on what it could read to that receiver.

use super::{environment, until};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data, number_data_point};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tempfile::TempDir;

/// Attributes as text.
pub(crate) type Attributes = BTreeMap<String, String>;

/// What it does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    /// With this status.
    Status(u16),
    /// Never.
    Nothing,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Attributes,
    pub(crate) body: Vec<u8>,
}

/// A span with the resource it came with.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) span: Span,
    pub(crate) attributes: Attributes,
    pub(crate) resource: Attributes,
}

impl Seen {
    pub(crate) fn id(&self) -> String {
        hex(&self.span.span_id)
    }

    pub(crate) fn parent(&self) -> String {
        hex(&self.span.parent_span_id)
    }

    pub(crate) fn trace(&self) -> String {
        hex(&self.span.trace_id)
    }

    #[track_caller]
    pub(crate) fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).unwrap_or_else(|| panic!("no {name}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn number(&self, name: &str) -> u64 {
        self.attribute(name).parse().unwrap()
    }

    /// By the code of its status.
    pub(crate) fn is_failed(&self) -> bool {
        self.span.status.as_ref().is_some_and(|status| status.code == 2)
    }
}

/// One value of a metric.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    pub(crate) metric: String,
    pub(crate) unit: String,
    pub(crate) attributes: Attributes,
    pub(crate) resource: Attributes,
    pub(crate) time: u64,
    /// Of a histogram, the sum.
    pub(crate) value: f64,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        Some(any_value::Value::DoubleValue(number)) => number.to_string(),
        Some(any_value::Value::BoolValue(bool)) => bool.to_string(),
        other => format!("{other:?}"),
    }
}

fn attributes(pairs: &[KeyValue]) -> Attributes {
    pairs.iter().map(|pair| (pair.key.clone(), text(pair.value.as_ref()))).collect()
}

/// The receiver; it ends with this handle.
pub(crate) struct Receiver {
    scheme: &'static str,
    port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    ended: Arc<Mutex<bool>>,
}

impl Receiver {
    pub(crate) fn start(answers: Answers) -> Self {
        Self::begin(answers, None)
    }

    /// With the certificate of the PostgreSQL server that has one, for 127.0.0.1.
    pub(crate) fn with_tls(answers: Answers) -> Self {
        let folder = environment("SHARDFERRY_TEST_PG_TLS_DIR");
        let file = |name: &str| Path::new(&folder).join("tls").join(name);
        let certificates = CertificateDer::pem_file_iter(file("server.crt")).unwrap();
        let certificates = certificates.collect::<Result<Vec<_>, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .unwrap();
        Self::begin(answers, Some(Arc::new(config)))
    }

    fn begin(answers: Answers, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (received, ended): (Arc<Mutex<Vec<Received>>>, Arc<Mutex<bool>>) = Default::default();
        let (kept, over) = (Arc::clone(&received), Arc::clone(&ended));
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if *over.lock().unwrap_or_else(PoisonError::into_inner) {
                    return;
                }
                let (kept, tls) = (Arc::clone(&kept), tls.clone());
                std::thread::spawn(move || match tls {
                    None => drop(serve(stream, answers, &kept)),
                    Some(tls) => {
                        let tls = rustls::ServerConnection::new(tls).unwrap();
                        drop(serve(rustls::StreamOwned::new(tls, stream), answers, &kept));
                    }
                });
            }
        });
        Self { scheme, port, received, ended }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Received>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.lock().clone()
    }

    /// All spans of all requests.
    pub(crate) fn spans(&self) -> Vec<Seen> {
        let mut seen = Vec::new();
        for request in self.requests().iter().filter(|request| request.path == "/v1/traces") {
            let message = ExportTraceServiceRequest::decode(request.body.as_slice()).unwrap();
            for of_resource in message.resource_spans {
                let resource = attributes(&of_resource.resource.unwrap_or_default().attributes);
                for span in of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                    let attributes = attributes(&span.attributes);
                    seen.push(Seen { span, attributes, resource: resource.clone() });
                }
            }
        }
        seen
    }

    /// All points of all requests; a cumulative metric comes again with each.
    pub(crate) fn points(&self) -> Vec<Point> {
        let mut seen = Vec::new();
        for request in self.requests().iter().filter(|request| request.path == "/v1/metrics") {
            let message = ExportMetricsServiceRequest::decode(request.body.as_slice()).unwrap();
            for of_resource in message.resource_metrics {
                let resource = attributes(&of_resource.resource.unwrap_or_default().attributes);
                for metric in of_resource.scope_metrics.into_iter().flat_map(|scope| scope.metrics) {
                    seen.extend(points(metric, &resource));
                }
            }
        }
        seen
    }

    /// The last value of each series of a metric, added up where `wanted` says so.
    pub(crate) fn total(&self, metric: &str, wanted: impl Fn(&Point) -> bool) -> f64 {
        let mut last: BTreeMap<(Attributes, Attributes), Point> = BTreeMap::new();
        for point in self.points().into_iter().filter(|point| point.metric == metric && wanted(point)) {
            let series = (point.resource.clone(), point.attributes.clone());
            let newer = last.get(&series).is_none_or(|known| known.time <= point.time);
            if newer {
                last.insert(series, point);
            }
        }
        last.values().map(|point| point.value).sum()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

fn points(metric: Metric, resource: &Attributes) -> Vec<Point> {
    let (name, unit) = (metric.name, metric.unit);
    let point = |pairs: &[KeyValue], time, value| Point {
        metric: name.clone(),
        unit: unit.clone(),
        attributes: attributes(pairs),
        resource: resource.clone(),
        time,
        value,
    };
    let numbers = match metric.data {
        Some(Data::Sum(sum)) => sum.data_points,
        Some(Data::Gauge(gauge)) => gauge.data_points,
        Some(Data::Histogram(histogram)) => {
            let sum = |one: &opentelemetry_proto::tonic::metrics::v1::HistogramDataPoint| {
                point(&one.attributes, one.time_unix_nano, one.sum.unwrap_or_default())
            };
            return histogram.data_points.iter().map(sum).collect();
        }
        other => panic!("{name}: {other:?}"),
    };
    let value = |value| match value {
        Some(number_data_point::Value::AsDouble(number)) => number,
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        Some(number_data_point::Value::AsInt(number)) => number as f64,
        None => panic!("{name} has a point without a value"),
    };
    numbers.iter().map(|one| point(&one.attributes, one.time_unix_nano, value(one.value))).collect()
}

/// One connection, request after request.
fn serve(stream: impl Read + Write, answers: Answers, kept: &Mutex<Vec<Received>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split_whitespace().nth(1).unwrap_or_default().to_owned();
        let mut headers = Attributes::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").and_then(|length| length.parse().ok());
        let mut body = vec![0; length.expect("a length")];
        reader.read_exact(&mut body)?;
        if headers.get("content-encoding").is_some_and(|encoding| encoding == "gzip") {
            body = unzipped(body);
        }
        kept.lock().unwrap_or_else(PoisonError::into_inner).push(Received { path, headers, body });
        match answers {
            Answers::Status(status) => {
                write!(reader.get_mut(), "HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n")?;
                reader.get_mut().flush()?;
            }
            Answers::Nothing => {}
        }
    }
}

/// Rotel compresses, whatever it is told.
fn unzipped(body: Vec<u8>) -> Vec<u8> {
    let mut gzip =
        Command::new("gzip").arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = gzip.stdin.take().unwrap();
    let writing = std::thread::spawn(move || stdin.write_all(&body).unwrap());
    let output = gzip.wait_with_output().unwrap();
    writing.join().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// A collector (PyPI `rotel`, `tests/env/install-collector.sh`) that passes everything on to a receiver.
pub(crate) struct Rotel {
    child: Child,
    http: u16,
    _folder: TempDir,
}

const ROTEL: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../target/test-tools/rotel-0.0.1a15/rotel/rotel-agent");

impl Rotel {
    pub(crate) fn before(receiver: &Receiver) -> Self {
        assert!(Path::new(ROTEL).exists(), "no {ROTEL}: run tests/env/install-collector.sh");
        let folder = tempfile::tempdir().unwrap();
        // Held together, so that they differ. Below the ports that outgoing connections of other tests are given.
        let held = [(); 2].map(|()| {
            loop {
                if let Ok(listener) = TcpListener::bind(("127.0.0.1", rand::random_range(11_000..22_000))) {
                    break listener;
                }
            }
        });
        let [http, grpc] = held.map(|listener| listener.local_addr().unwrap().port());
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new(ROTEL)
            .env_clear()
            .args(["start", "--exporter", "otlp", "--otlp-exporter-protocol", "http"])
            .args(["--otlp-exporter-endpoint", &receiver.url(), "--batch-timeout", "20ms"])
            .args(["--otlp-http-endpoint", &format!("127.0.0.1:{http}")])
            .args(["--otlp-grpc-endpoint", &format!("127.0.0.1:{grpc}")])
            .arg("--pid-file")
            .arg(folder.path().join("pid"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut started = Self { child, http, _folder: folder };
        until("Rotel", || {
            assert!(started.child.try_wait().unwrap().is_none(), "Rotel has ended");
            TcpStream::connect(("127.0.0.1", http)).ok()
        });
        started
    }

    pub(crate) fn http(&self) -> String {
        format!("http://127.0.0.1:{}", self.http)
    }
}

impl Drop for Rotel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
