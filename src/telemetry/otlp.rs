//! Traces and metrics to an OpenTelemetry collector.
//!
//! Guaranteed: a collector that is away, slow or refusing costs the copy nothing but memory for one bounded queue; it
//! is said once in the log; and at the end of the process [`Exporters::flush`] takes [`FLUSH`] at most.

use super::client::Client;
use super::{names, scrape};
use crate::model::counts::counted;
use crate::settings::{Collector, Settings, TelemetrySettings};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{MetricExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use opentelemetry_sdk::trace::{
    BatchSpanProcessor, SdkTracer, SdkTracerProvider, Span, SpanData, SpanExporter as ExportSpans,
    SpanProcessor,
};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;

/// The longest that the end of the process waits for the collector. Kubernetes' own patience ends five seconds after
/// `--grace-period`, as that is documented.
pub const FLUSH: Duration = Duration::from_secs(2);
/// For the threads of the SDK to notice that the time is over.
const NOTICE: Duration = Duration::from_millis(500);

/// What is exported, and how.
pub(super) struct Exporters {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
    /// Where a Prometheus may scrape the metrics.
    served_at: Option<SocketAddr>,
    closing: watch::Sender<Option<Instant>>,
    loss: Arc<Loss>,
}

/// What did not arrive. LossReporter once.
#[derive(Debug, Default)]
struct Loss {
    said: AtomicBool,
    /// Spans that have ended, and those that the collector took.
    ended: AtomicU64,
    delivered: AtomicU64,
}

impl Loss {
    fn say(&self, collector: &str, why: &str) {
        if !self.said.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                collector,
                why,
                "telemetry does not reach the collector: it is lost, the work goes on; this is said once"
            );
        }
    }
}

impl Exporters {
    /// By the settings; what cannot be set up is left out, with a warning.
    pub(super) fn new(settings: &Settings, runtime: &Handle, warnings: &mut Vec<String>) -> Self {
        let (closing, closed) = watch::channel(None);
        let loss = Arc::new(Loss::default());
        let mut exporters =
            Self { traces: None, metrics: None, served_at: None, closing, loss: Arc::clone(&loss) };
        let telemetry = &settings.telemetry;
        let mut connect = |collector: &Option<Collector>| -> Option<(Client, Collector)> {
            let collector = collector.clone()?;
            match Client::new(&collector, runtime.clone(), closed.clone()) {
                Ok(client) => Some((client, collector)),
                Err(error) => {
                    warnings.push(error.detail());
                    None
                }
            }
        };
        let (traces, metrics) = (connect(&telemetry.traces), connect(&telemetry.metrics));
        let scraped = telemetry
            .scraped_at
            .and_then(|address| scrape::serve(address, runtime).map_err(|why| warnings.push(why)).ok());
        if traces.is_none() && metrics.is_none() && scraped.is_none() {
            return exporters;
        }
        let resource = resource(settings);
        let mut keep =
            |built: std::result::Result<(), String>| built.map_err(|why| warnings.push(why)).is_ok();
        if let Some((client, collector)) = traces {
            let built = spans(client, &collector, &loss, resource.clone());
            keep(built.map(|provider| exporters.traces = Some(provider)));
        }
        let pushed = metrics.and_then(|(client, collector)| {
            pushed(client, &collector, &loss, telemetry.interval).map_err(|why| warnings.push(why)).ok()
        });
        if pushed.is_some() || scraped.is_some() {
            let mut provider = SdkMeterProvider::builder().with_resource(resource);
            if let Some(reader) = pushed {
                provider = provider.with_reader(reader);
            }
            if let Some(served) = scraped {
                exporters.served_at = Some(served.address);
                provider = provider.with_reader(served.reader);
            }
            exporters.metrics = Some(provider.build());
        }
        exporters
    }

    /// For the layer that makes spans.
    pub(super) fn tracer(&self) -> Option<SdkTracer> {
        self.traces.as_ref().map(|traces| traces.tracer("shardferry"))
    }

    pub(super) const fn served_at(&self) -> Option<SocketAddr> {
        self.served_at
    }

    pub(super) const fn metrics(&self) -> Option<&SdkMeterProvider> {
        self.metrics.as_ref()
    }

    /// Sends what is left, for [`FLUSH`] at most. The runtime must still be there.
    pub(super) fn flush(self) {
        let until = Instant::now() + FLUSH;
        self.closing.send_replace(Some(until));
        let (done, ended) = mpsc::channel();
        let mut waiting = 0;
        let mut shut_down = |shut_down: Box<dyn FnOnce() + Send>| {
            let done = done.clone();
            let thread = std::thread::Builder::new().spawn(move || {
                shut_down();
                let _ = done.send(());
            });
            waiting += usize::from(thread.is_ok());
        };
        if let Some(traces) = self.traces {
            shut_down(Box::new(move || drop(traces.shutdown_with_timeout(FLUSH + NOTICE))));
        }
        if let Some(metrics) = self.metrics {
            shut_down(Box::new(move || drop(metrics.shutdown_with_timeout(FLUSH + NOTICE))));
        }
        let patience = until + NOTICE;
        for _ in 0..waiting {
            let left = patience.saturating_duration_since(Instant::now());
            if ended.recv_timeout(left).is_err() {
                break;
            }
        }
        let ended = self.loss.ended.load(Ordering::Relaxed);
        let lost = ended.saturating_sub(self.loss.delivered.load(Ordering::Relaxed));
        if lost > 0 {
            self.loss.say("traces", &format!("{} not taken in time", counted(lost, "span")));
        }
    }
}

/// Who exports. What the user says in `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` wins.
fn resource(settings: &Settings) -> Resource {
    let telemetry = &settings.telemetry;
    let pod = settings.pod.as_str();
    let (run, shard) = (settings.run_id.as_str(), settings.selection.to_string());
    // Elsewhere the name is a host's, and backends join on it.
    let in_kubernetes = telemetry.namespace.is_some() || telemetry.pod_uid.is_some();
    let attributes = [
        ("service.name", Some("shardferry")),
        ("service.version", Some(env!("CARGO_PKG_VERSION"))),
        ("service.instance.id", Some(pod)),
        ("k8s.pod.name", in_kubernetes.then_some(pod)),
        ("k8s.namespace.name", telemetry.namespace.as_deref()),
        ("k8s.node.name", telemetry.node.as_deref()),
        ("k8s.pod.uid", telemetry.pod_uid.as_deref()),
        (names::RUN_ID, Some(run)),
        (names::SHARD, Some(shard.as_str())),
    ];
    let attribute =
        |(name, value): (&'static str, Option<&str>)| Some(KeyValue::new(name, value?.to_owned()));
    let service = attribute(("service.name", telemetry.service.as_deref()));
    Resource::builder_empty()
        .with_attributes(attributes.into_iter().filter_map(attribute))
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_detector(Box::new(EnvResourceDetector::new()))
        .with_attributes(service)
        .build()
}

/// An exporter of either signal, told the address, the timeout and the client.
fn addressed<B: WithExportConfig + WithHttpConfig>(builder: B, client: Client, collector: &Collector) -> B {
    builder
        .with_endpoint(collector.url.as_str())
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(collector.timeout)
        .with_http_client(client)
}

fn spans(
    client: Client,
    collector: &Collector,
    loss: &Arc<Loss>,
    resource: Resource,
) -> std::result::Result<SdkTracerProvider, String> {
    let reporter = LossReporter::new(&client, collector, loss);
    let builder = SpanExporter::builder().with_http();
    let exporter = addressed(builder, client, collector).build().map_err(|error| error.to_string())?;
    // Its thread takes spans from a bounded queue (OTEL_BSP_…); what does not fit is dropped.
    let processor = BatchSpanProcessor::builder(reporter.wrap(exporter)).build();
    let counting = CountingProcessor { processor, loss: Arc::clone(loss) };
    Ok(SdkTracerProvider::builder().with_resource(resource).with_span_processor(counting).build())
}

/// Sends the metrics to a collector, again and again.
fn pushed(
    client: Client,
    collector: &Collector,
    loss: &Arc<Loss>,
    interval: Duration,
) -> std::result::Result<PeriodicReader<LossReporter<MetricExporter>>, String> {
    let reporter = LossReporter::new(&client, collector, loss);
    let builder = MetricExporter::builder().with_http();
    let exporter = addressed(builder, client, collector).build().map_err(|error| error.to_string())?;
    Ok(PeriodicReader::builder(reporter.wrap(exporter)).with_interval(interval).build())
}

/// Counts the spans that are to be exported.
#[derive(Debug)]
struct CountingProcessor {
    processor: BatchSpanProcessor,
    loss: Arc<Loss>,
}

impl SpanProcessor for CountingProcessor {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.processor.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        self.loss.ended.fetch_add(1, Ordering::Relaxed);
        self.processor.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.processor.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.processor.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.processor.set_resource(resource);
    }
}

/// An exporter whose failures are reported, once in a process.
#[derive(Debug)]
struct LossReporter<E> {
    exporter: E,
    /// Host and port.
    collector: String,
    why: Arc<Mutex<String>>,
    loss: Arc<Loss>,
}

impl LossReporter<()> {
    fn new(client: &Client, collector: &Collector, loss: &Arc<Loss>) -> Self {
        let url = &collector.url;
        let place = format!(
            "{}:{}",
            url.host_str().unwrap_or_default(),
            url.port_or_known_default().unwrap_or_default()
        );
        Self { exporter: (), collector: place, why: client.failure(), loss: Arc::clone(loss) }
    }

    fn wrap<E>(self, exporter: E) -> LossReporter<E> {
        LossReporter { exporter, collector: self.collector, why: self.why, loss: self.loss }
    }
}

impl<E> LossReporter<E> {
    fn reporting_loss(&self, exported: OTelSdkResult) -> OTelSdkResult {
        if exported.is_err() {
            let why = self.why.lock().unwrap_or_else(PoisonError::into_inner).clone();
            self.loss.say(&self.collector, &why);
        }
        exported
    }
}

impl<E: ExportSpans> ExportSpans for LossReporter<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len() as u64;
        let exported = self.reporting_loss(self.exporter.export(batch).await);
        if exported.is_ok() {
            self.loss.delivered.fetch_add(count, Ordering::Relaxed);
        }
        exported
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E: PushMetricExporter> PushMetricExporter for LossReporter<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.reporting_loss(self.exporter.export(metrics).await)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.exporter.temporality()
    }
}

/// The span that this process hangs under, by `TRACEPARENT` and `TRACESTATE`; None if there is none, and with a
/// warning if it is not one.
pub(super) fn parent(settings: &TelemetrySettings, warnings: &mut Vec<String>) -> Option<Context> {
    let traceparent = settings.traceparent.clone()?;
    let mut carrier = HashMap::from([("traceparent".to_owned(), traceparent)]);
    carrier.extend(settings.tracestate.clone().map(|state| ("tracestate".to_owned(), state)));
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
    if context.span().span_context().is_valid() {
        return Some(context);
    }
    warnings.push(
        "TRACEPARENT is not one of W3C Trace Context; this process begins a trace of its own".to_owned(),
    );
    None
}
