//! What people and machines can watch: logs on stderr, and, if `OTEL_EXPORTER_OTLP_ENDPOINT` says so, traces and
//! metrics for an OpenTelemetry collector (`docs/reference/telemetry.md`). Secrets are never passed to any of them.
//!
//! | module | what |
//! |---|---|
//! | `console`, `log` | stderr, which logs and live bars share; the JSON lines with the pod's identity |
//! | [`ends`] | the first and the last event of a process |
//! | [`names`] | every name of a metric and an attribute |
//! | [`spans`] | run > table > chunk, and the phases |
//! | [`measures`] | what is counted |
//! | [`notices`] | what is worth knowing and is no failure, one warning a kind |
//! | `otlp`, `client` | exporting: bounded queues, one warning, a bounded end; the requests |
//! | `scrape` | `/metrics` for a Prometheus, where `--metrics-address` asks for it |

mod client;
mod console;
pub mod ends;
mod log;
pub mod measures;
pub mod names;
pub mod notices;
mod otlp;
#[cfg(test)]
mod page;
mod scrape;
pub mod spans;

pub use console::Console;
pub use names::RunPhase;
pub use otlp::FLUSH;
pub use spans::phase;

use crate::error::{Error, ErrorKind, Result};
use crate::model::outcome::Outcome;
use crate::settings::Settings;
use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::TraceContextExt;
use otlp::Exporters;
use tokio::runtime::Handle;
use tracing::{Instrument, Level, Metadata, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::{FilterFn, LevelFilter};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// The telemetry of this process, from [`init`] to [`Telemetry::flush`].
#[must_use = "what is not flushed is lost"]
pub struct Telemetry {
    exporters: Exporters,
    root: Span,
}

/// Starts the log, and the export if one is asked for. Once in a process. `runtime` carries the requests.
///
/// # Errors
/// Kind Config if `RUST_LOG` cannot be understood, kind Bug if a log was started before. Nothing about a collector
/// is ever an error.
pub fn init(settings: &Settings, runtime: &Handle) -> Result<Telemetry> {
    let log = log::layer(settings)?;
    let mut warnings = settings.telemetry.warnings.clone();
    let exporters = Exporters::new(settings, runtime, &mut warnings);
    let mut layers = vec![log];
    layers.extend(exporters.tracer().map(|tracer| {
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            .with_filter(exported())
            .boxed()
    }));
    tracing_subscriber::registry()
        .with(layers)
        .try_init()
        .map_err(|error| Error::new(ErrorKind::Bug, "the log was started twice").because(error))?;
    if let Some(metrics) = exporters.metrics() {
        measures::start(&metrics.meter("shardferry"), settings.run_id.as_str(), &settings.pod);
    }
    let root = spans::run(settings);
    if !root.is_disabled() {
        if let Some(parent) = otlp::parent(&settings.telemetry, &mut warnings) {
            // It has not begun yet, so this cannot be refused.
            let _ = root.set_parent(parent);
        }
        log::belongs_to(root.context().span().span_context().trace_id().to_string());
    }
    if let Some(address) = exporters.served_at() {
        tracing::info!("metrics are served at http://{address}/metrics");
    }
    for warning in warnings {
        tracing::warn!("telemetry: {warning}");
    }
    Ok(Telemetry { exporters, root })
}

/// Our spans, and what our own code warns of, as events of the span it happens in.
fn exported() -> FilterFn {
    FilterFn::new(is_exported as fn(&Metadata<'_>) -> bool).with_max_level_hint(LevelFilter::INFO)
}

fn is_exported(metadata: &Metadata<'_>) -> bool {
    if metadata.is_span() {
        return metadata.target() == spans::TARGET;
    }
    // Not errors: the layer would call the span failed that one happens in, be it another table's or a stop's.
    *metadata.level() == Level::WARN && metadata.target().starts_with("shardferry")
}

impl Telemetry {
    /// Runs the command inside of the root span.
    ///
    /// # Errors
    /// The error of `command`, unchanged.
    pub async fn run(&self, command: impl Future<Output = Result<Outcome>>) -> Result<Outcome> {
        command.instrument(self.root.clone()).await
    }

    /// Ends the root span with what came of it, and sends what is left: for [`FLUSH`] at most, and not at all if
    /// nothing is exported. The runtime must still be there.
    pub fn flush(self, outcome: &Outcome) {
        spans::ran(&self.root, outcome);
        drop(self.root);
        self.exporters.flush();
    }
}
