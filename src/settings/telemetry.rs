//! What the environment says about telemetry: the names of OpenTelemetry (`OTEL_…`), the pod as Kubernetes knows it,
//! and the trace that this process belongs to.
//!
//! What the environment says cannot fail: what is not understood is left out, and said when the log is there. Telemetry
//! never stops a copy. Only a flag (`--metrics-address`) is refused like every other.
//!
//! OpenTelemetry: "General SDK Configuration", "OTLP Exporter Configuration", "Environment Variables as Context
//! Propagation Carriers". Sampler, batch sizes and headers are read by the SDK itself.

use super::Environment;
use super::flag_values::usage;
use super::times::{self, TimeSetting};
use crate::error::Result;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// The one protocol of OTLP that is spoken; every collector takes it.
const PROTOCOL: &str = "http/protobuf";

/// Where one signal goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collector {
    /// Whole, with the path of the signal; without user and password, if there were some.
    pub url: Url,
    /// For one request.
    pub timeout: Duration,
    /// Trusted instead of the system's roots: a PEM file.
    pub certificate: Option<PathBuf>,
}

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TelemetrySettings {
    pub namespace: Option<String>,
    pub node: Option<String>,
    pub pod_uid: Option<String>,
    pub service: Option<String>,
    /// None: not exported.
    pub traces: Option<Collector>,
    pub metrics: Option<Collector>,
    /// Between two exports of the metrics.
    pub interval: Duration,
    /// Where a Prometheus may scrape them; None: nowhere.
    pub scraped_at: Option<SocketAddr>,
    /// W3C Trace Context.
    pub traceparent: Option<String>,
    pub tracestate: Option<String>,
    /// What was not understood; shows no value that may be secret.
    pub warnings: Vec<String>,
}

/// The two things that are exported.
#[derive(Clone, Copy)]
enum Signal {
    Traces,
    Metrics,
}

impl Signal {
    const fn name(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Metrics => "METRICS",
        }
    }

    /// Behind the endpoint of all signals.
    const fn path(self) -> &'static str {
        match self {
            Self::Traces => "v1/traces",
            Self::Metrics => "v1/metrics",
        }
    }
}

pub(super) fn telemetry(
    environment: &Environment,
    metrics_address: Option<&str>,
) -> Result<TelemetrySettings> {
    let text = |name: &str| environment.get(name).map(str::to_owned);
    let mut warnings = Vec::new();
    let disabled = environment.get("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let mut collector = |signal| if disabled { None } else { collector(environment, signal, &mut warnings) };
    let (traces, metrics) = (collector(Signal::Traces), collector(Signal::Metrics));
    let interval = times::METRIC_INTERVAL;
    let interval = milliseconds(environment, &[interval.name.to_owned()], &interval, &mut warnings);
    // What both signals read is wrong for both.
    warnings.dedup();
    Ok(TelemetrySettings {
        namespace: text("POD_NAMESPACE"),
        node: text("NODE_NAME"),
        pod_uid: text("POD_UID"),
        service: text("OTEL_SERVICE_NAME"),
        traces,
        metrics,
        interval,
        scraped_at: metrics_address.map(address).transpose()?,
        traceparent: text("TRACEPARENT"),
        tracestate: text("TRACESTATE"),
        warnings,
    })
}

fn address(text: &str) -> Result<SocketAddr> {
    text.parse().map_err(|_| {
        let accepted = "is not an address and a port; accepted are for example 0.0.0.0:9464 (every interface), \
                        [::]:9464 (IPv6 too) and 127.0.0.1:0 (a free port, which the log names)";
        usage("metrics-address", format!("{text} {accepted}"))
    })
}

/// The variable of the signal, else that of all signals: its name and its value.
fn either(environment: &Environment, signal: Signal, what: &str) -> Option<(String, String)> {
    [format!("OTEL_EXPORTER_OTLP_{}_{what}", signal.name()), format!("OTEL_EXPORTER_OTLP_{what}")]
        .into_iter()
        .find_map(|name| environment.get(&name).map(|value| (name.clone(), value.to_owned())))
}

fn collector(environment: &Environment, signal: Signal, warnings: &mut Vec<String>) -> Option<Collector> {
    let (name, endpoint) = either(environment, signal, "ENDPOINT")?;
    let exporter = format!("OTEL_{}_EXPORTER", signal.name());
    match environment.get(&exporter) {
        None | Some("otlp") => {}
        Some("none") => return None,
        Some(other) => {
            warnings.push(format!("{exporter}={other} is not known; accepted are otlp and none"));
            return None;
        }
    }
    if let Some((name, text)) = either(environment, signal, "PROTOCOL").filter(|(_, text)| text != PROTOCOL) {
        let because = if text == "grpc" { "is not supported" } else { "is not known" };
        warnings.push(format!(
            "{name}={text} {because}, so nothing is exported; set it to {PROTOCOL}, and the endpoint to the port of the \
             collector that takes OTLP over HTTP, usually 4318"
        ));
        return None;
    }
    let Some(url) = url(&endpoint, &name, signal) else {
        // Not the value: there may be a password in it.
        warnings.push(format!("{name} is not understood; accepted is for example http://collector:4318"));
        return None;
    };
    let timeout = times::OTLP_TIMEOUT;
    let names = [format!("OTEL_EXPORTER_OTLP_{}_TIMEOUT", signal.name()), timeout.name.to_owned()];
    let timeout = milliseconds(environment, &names, &timeout, warnings);
    let certificate = either(environment, signal, "CERTIFICATE").map(|(_, path)| PathBuf::from(path));
    Some(Collector { url, timeout, certificate })
}

/// The endpoint of all signals is a base; that of one signal is taken as it is.
fn url(endpoint: &str, name: &str, signal: Signal) -> Option<Url> {
    let mut url = Url::parse(endpoint).ok()?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return None;
    }
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    if name == "OTEL_EXPORTER_OTLP_ENDPOINT" {
        let path = format!("{}/{}", url.path().trim_end_matches('/'), signal.path());
        url.set_path(&path);
    }
    Some(url)
}

/// The first variable that is set; the default if none is, or if its time is not accepted.
fn milliseconds(
    environment: &Environment,
    names: &[String],
    setting: &TimeSetting,
    warnings: &mut Vec<String>,
) -> Duration {
    let Some((name, text)) = names.iter().find_map(|name| Some((name, environment.get(name)?))) else {
        return setting.default;
    };
    let read = text.parse().map_err(|_| "accepted is a number of milliseconds".to_owned());
    read.and_then(|count| setting.accepted(Duration::from_millis(count))).unwrap_or_else(|why| {
        warnings
            .push(format!("{name}={text}: {why}; {} is taken instead", times::AsFlagValue(setting.default)));
        setting.default
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");

    fn settings_of(pairs: &[(&str, &str)]) -> TelemetrySettings {
        telemetry(&Environment::from_pairs(pairs), None).unwrap()
    }

    fn urls(pairs: &[(&str, &str)]) -> (Option<String>, Option<String>) {
        let settings = settings_of(pairs);
        assert_eq!(settings.warnings, Vec::<String>::new());
        let text = |collector: Option<Collector>| collector.map(|collector| collector.url.to_string());
        (text(settings.traces), text(settings.metrics))
    }

    fn some(traces: &str, metrics: &str) -> (Option<String>, Option<String>) {
        (Some(traces.to_owned()), Some(metrics.to_owned()))
    }

    #[test]
    fn nothing_is_exported_unless_there_is_an_endpoint() {
        assert_eq!(urls(&[]), (None, None));
        assert_eq!(urls(&[("OTEL_TRACES_EXPORTER", "otlp")]), (None, None));
        assert_eq!(urls(&[BASE, ("OTEL_SDK_DISABLED", "TRUE")]), (None, None));
    }

    #[test]
    fn the_endpoint_of_all_is_a_base_and_that_of_a_signal_is_whole() {
        let both = some("http://collector:4318/v1/traces", "http://collector:4318/v1/metrics");
        assert_eq!(urls(&[BASE]), both);
        assert_eq!(
            urls(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://c/otlp/")]),
            some("https://c/otlp/v1/traces", "https://c/otlp/v1/metrics")
        );
        assert_eq!(
            urls(&[BASE, ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://other/x")]),
            some("http://other/x", "http://collector:4318/v1/metrics")
        );
        assert_eq!(
            urls(&[("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://m/v1/metrics")]).1.as_deref(),
            Some("http://m/v1/metrics")
        );
    }

    #[test]
    fn who_asks_for_grpc_is_told_once_what_to_set_instead() {
        let settings = settings_of(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ]);
        assert_eq!((settings.traces, settings.metrics), (None, None));
        let [said] = settings.warnings.as_slice() else { panic!("{:?}", settings.warnings) };
        for part in
            ["OTEL_EXPORTER_OTLP_PROTOCOL=grpc is not supported", "nothing is exported", PROTOCOL, "4318"]
        {
            assert!(said.contains(part), "{said}");
        }
        let one = settings_of(&[BASE, ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc")]);
        assert!(one.traces.is_none() && one.metrics.is_some());
    }

    #[test]
    fn a_signal_can_be_switched_off() {
        assert_eq!(urls(&[BASE, ("OTEL_TRACES_EXPORTER", "none")]).0, None);
        let (traces, metrics) = urls(&[BASE, ("OTEL_METRICS_EXPORTER", "none")]);
        assert!(traces.is_some() && metrics.is_none());
    }

    #[test]
    fn what_is_not_understood_is_left_out_and_said_without_secrets() {
        for pair in [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "unix:///s3cret"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
            ("OTEL_TRACES_EXPORTER", "zipkin"),
        ] {
            let settings = settings_of(&[BASE, pair]);
            assert_eq!(settings.traces, None, "{pair:?}");
            assert!(settings.warnings[0].contains(pair.0), "{:?}", settings.warnings);
            assert!(!settings.warnings.concat().contains("s3cret"));
        }
        let settings = settings_of(&[BASE, ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s")]);
        assert_eq!(settings.traces.unwrap().timeout, times::OTLP_TIMEOUT.default);
        assert_eq!(settings.warnings.len(), 1);
    }

    #[test]
    fn a_password_in_the_endpoint_is_dropped() {
        let (traces, _) = urls(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://u:s3cret@c:1")]);
        assert_eq!(traces.as_deref(), Some("http://c:1/v1/traces"));
    }

    #[test]
    fn metrics_are_served_at_an_address_and_a_port() {
        let at = |text: &str| telemetry(&Environment::from_pairs(&[]), Some(text)).map(|all| all.scraped_at);
        for text in ["0.0.0.0:9464", "[::]:9464", "127.0.0.1:0"] {
            assert_eq!(at(text).unwrap().unwrap().to_string(), text);
        }
        for text in ["9464", ":9464", "localhost:9464", "0.0.0.0", "0.0.0.0:99999"] {
            let said = at(text).unwrap_err().detail();
            assert!(
                said.contains("--metrics-address") && said.contains(text) && said.contains("0.0.0.0:9464"),
                "{said}"
            );
        }
    }

    #[test]
    fn times_are_milliseconds() {
        let settings = settings_of(&[
            BASE,
            ("OTEL_METRIC_EXPORT_INTERVAL", "500"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2000"),
            ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "3000"),
        ]);
        assert_eq!(settings.interval, Duration::from_millis(500));
        assert_eq!(settings.traces.unwrap().timeout, Duration::from_secs(3));
        assert_eq!(settings.metrics.unwrap().timeout, Duration::from_secs(2));
        assert_eq!(settings_of(&[]).interval, times::METRIC_INTERVAL.default);
    }
}
