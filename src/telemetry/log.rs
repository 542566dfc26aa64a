//! The log: one JSON object a line with the pod's identity, or short text for people.

use super::console::{Console, Writers};
use crate::cli::LogFormat;
use crate::error::{Error, ErrorKind, Result};
use crate::model::shown;
use crate::settings::Settings;
use indicatif::ProgressDrawTarget;
use serde_json::Value as Json;
use std::fmt;
use std::sync::OnceLock;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt, FilterFn, LevelFilter};
use tracing_subscriber::fmt::format::{Format, Full, Json as JsonFormat, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Registry};

/// What is logged if `RUST_LOG` is not set. The AWS SDK warns of each provider of credentials that has none, and our
/// own error says it in one sentence. tiberius repeats every server error that we handle, and warns about TLS that it
/// cannot see below itself.
const DEFAULT_FILTER: &str =
    "info,aws_config=error,aws_sdk_s3=warn,aws_smithy_runtime=warn,tiberius=off,rustls=warn";
/// The same with `--quiet`.
const QUIET_FILTER: &str = "warn,shardferry::summary=info,aws_config=error,tiberius=off";

static TRACE: OnceLock<String> = OnceLock::new();

/// The trace that all later lines belong to, in hex.
pub(super) fn belongs_to(trace: String) {
    // A process has one.
    let _ = TRACE.set(trace);
}

/// The layer that writes the log.
///
/// # Errors
/// Kind Config if `RUST_LOG` cannot be understood.
pub(super) fn layer(settings: &Settings) -> Result<Box<dyn Layer<Registry> + Send + Sync>> {
    let log = &settings.log;
    let console = Console::of_process();
    let text = log.format == LogFormat::Text;
    if log.bars {
        console.bars().set_draw_target(ProgressDrawTarget::stderr());
    }
    let default = if log.quiet { QUIET_FILTER } else { DEFAULT_FILTER };
    let filter = EnvFilter::try_new(log.filter.as_deref().unwrap_or(default)).map_err(|error| {
        let message = "RUST_LOG is not understood; accepted is for example info or shardferry=debug,info";
        Error::new(ErrorKind::Config, message).because(error)
    })?;
    let filter = filter.and(not_our_spans());
    let layer = tracing_subscriber::fmt::layer().with_writer(Writers(console));
    Ok(if text {
        let full = Format::default().with_target(false).with_ansi(log.colours);
        let format = OneLine { full, colours: log.colours };
        layer.with_ansi(log.colours).event_format(format).with_filter(filter).boxed()
    } else {
        let json = Format::default().json().flatten_event(true).with_current_span(true).with_span_list(false);
        let format = Identified { json, identity: identity(settings) };
        layer.json().event_format(format).with_filter(filter).boxed()
    })
}

/// Our spans are for the collector. What they say stands in the lines of the log already.
fn not_our_spans() -> FilterFn {
    // The hint leaves it to the other filter what is too verbose; without one, everything would be looked at.
    FilterFn::new(is_not_our_span as fn(&Metadata<'_>) -> bool).with_max_level_hint(LevelFilter::TRACE)
}

fn is_not_our_span(metadata: &Metadata<'_>) -> bool {
    !(metadata.is_span() && metadata.target() == super::spans::TARGET)
}

/// `"run_id":"nightly","pod":"…"`, and what else is known.
fn identity(settings: &Settings) -> String {
    let telemetry = &settings.telemetry;
    let fields = [
        ("run_id", Some(settings.run_id.as_str())),
        ("pod", Some(settings.pod.as_str())),
        ("namespace", telemetry.namespace.as_deref()),
        ("node", telemetry.node.as_deref()),
        ("pod_uid", telemetry.pod_uid.as_deref()),
    ];
    let field = |(name, value): (&str, Option<&str>)| Some(format!("\"{name}\":{}", Json::from(value?)));
    fields.into_iter().filter_map(field).collect::<Vec<_>>().join(",")
}

/// The text line of `tracing-subscriber`, on one line whatever the names in it hold.
struct OneLine {
    full: Format<Full>,
    /// They are made of control characters.
    colours: bool,
}

impl<S, N> FormatEvent<S, N> for OneLine
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.full.format_event(context, Writer::new(&mut line), event)?;
        let text = line.trim_end_matches('\n');
        match self.colours {
            true => writeln!(writer, "{}", coloured(text)),
            false => writeln!(writer, "{}", shown::one_line(text)),
        }
    }
}

/// On one line, with nothing but colours in it that could move the cursor: `ESC [ 2 m` (ECMA-48, SGR).
fn coloured(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut line = shown::one_line(parts.next().unwrap_or_default()).into_owned();
    for part in parts {
        let code = part.strip_prefix('[').and_then(|rest| rest.split_once('m')).map(|(code, _)| code);
        let is_colour =
            code.is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_digit() || byte == b';'));
        line.push_str(if is_colour { "\u{1b}" } else { "\\u{1b}" });
        line.push_str(&shown::one_line(part));
    }
    line
}

/// The JSON line of `tracing-subscriber`, and behind its fields those of the pod.
struct Identified {
    json: Format<JsonFormat>,
    identity: String,
}

impl<S, N> FormatEvent<S, N> for Identified
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.json.format_event(context, Writer::new(&mut line), event)?;
        let Some(fields) = line.trim_end().strip_suffix('}') else { return writer.write_str(&line) };
        write!(writer, "{fields},{}", self.identity)?;
        if let Some(trace) = TRACE.get() {
            write!(writer, ",\"trace_id\":\"{trace}\"")?;
        }
        writer.write_str("}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_in_colours_moves_no_cursor() {
        assert_eq!(
            coloured("\u{1b}[2mnow\u{1b}[0m dbo.a\nb \u{1b}[2Jc \u{1b}]0;title\u{7}m"),
            "\u{1b}[2mnow\u{1b}[0m dbo.a\\nb \\u{1b}[2Jc \\u{1b}]0;title\\u{7}m"
        );
    }
}
