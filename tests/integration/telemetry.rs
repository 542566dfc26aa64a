//! Traces, metrics and logs of the real binary, received by a real collector or by a receiver that keeps every byte.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::collector::{Answers, Receiver, Rotel, Seen};
use super::harness::{Finished, Invocation, RUN, World, environment, until};
use mssim::faults::{Fault, FaultKind};
use serde_json::Value as Json;
use shardferry::telemetry::{FLUSH, names};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

fn traceparent() -> String {
    format!("00-{TRACE}-{PARENT}-01")
}

/// A dozen tables, the largest of several chunks.
fn company() -> World {
    let world = World::with_files();
    world.company(12, 3_000, 7);
    world.prepare();
    world
}

fn sync(world: &World, collector: &str) -> Invocation {
    world
        .command(&["sync"])
        .env("SHARDFERRY_CHUNK_SIZE", "4KiB")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector)
        .env("TRACEPARENT", &traceparent())
        .env("SHARDFERRY_LOG_FORMAT", "json")
        .pod("main")
}

fn named<'s>(spans: &'s [Seen], name: &str) -> Vec<&'s Seen> {
    spans.iter().filter(|seen| seen.span.name == name).collect()
}

#[track_caller]
fn only<'s>(spans: &'s [Seen], name: &str) -> &'s Seen {
    let found = named(spans, name);
    assert_eq!(found.len(), 1, "{name}: {found:?}");
    found[0]
}

/// run > table > chunk: every parent is there, and the rows and bytes of children add up to those of their parent.
#[track_caller]
fn assert_tree(spans: &[Seen], command: &str) {
    let by_id: BTreeMap<String, &Seen> = spans.iter().map(|seen| (seen.id(), seen)).collect();
    assert_eq!(by_id.len(), spans.len(), "no span comes twice");
    let mut below: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for seen in spans {
        assert!(seen.span.end_time_unix_nano >= seen.span.start_time_unix_nano, "{seen:?}");
        let above = match seen.span.name.as_str() {
            "chunk" => "table",
            "table" | "plan" | "schema" | "finish" => command,
            other => {
                assert_eq!(other, command);
                continue;
            }
        };
        let parent = by_id.get(&seen.parent()).unwrap_or_else(|| panic!("no parent: {seen:?}"));
        assert_eq!(parent.span.name, above);
        assert_eq!(parent.resource, seen.resource);
        assert!(parent.span.start_time_unix_nano <= seen.span.start_time_unix_nano);
        if ["chunk", "table"].contains(&seen.span.name.as_str()) {
            let sum = below.entry(seen.parent()).or_default();
            let copied = |name| seen.attributes.get(name).map_or(0, |text| text.parse().unwrap());
            *sum = (sum.0 + copied(names::SPAN_ROWS), sum.1 + copied(names::SPAN_BYTES));
        }
    }
    assert!(!below.is_empty(), "{command} copied no table");
    for (id, (rows, bytes)) in below {
        let parent = by_id[&id];
        assert_eq!((parent.number(names::SPAN_ROWS), parent.number(names::SPAN_BYTES)), (rows, bytes));
    }
}

#[test]
fn three_pods_make_one_trace_in_a_real_collector_and_their_metrics_add_up() {
    let world = company();
    let receiver = Receiver::start(Answers::Status(200));
    let rotel = Rotel::before(&receiver);
    let pods: Vec<_> = (1..=3)
        .map(|number| {
            let shard = format!("{number}/3");
            sync(&world, &rotel.http())
                .env("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=tests")
                .env("POD_NAMESPACE", "etl")
                .env("POD_UID", &format!("uid-{number}"))
                .env("NODE_NAME", "node-7")
                .env("TRACESTATE", "vendor=value")
                .arg("--shard")
                .arg(&shard)
                .pod(&format!("pod-{number}"))
                .spawn()
        })
        .collect();
    for pod in pods {
        let done = pod.wait().exits(0);
        assert_eq!(done.lines_with("telemetry does not reach"), Vec::<&str>::new());
    }
    let rows = world.assert_equal();
    let tables = world.planned().len();
    until("all spans and metrics", || {
        let spans = receiver.spans();
        let metrics: BTreeSet<_> =
            receiver.points().iter().map(|point| point.resource["service.instance.id"].clone()).collect();
        (named(&spans, "shardferry sync").len() == 3 && metrics.len() == 3).then_some(())
    });
    let version = world.succeed(&["--version"]).stdout;
    let spans = receiver.spans();
    assert_tree(&spans, "shardferry sync");
    for seen in &spans {
        assert_eq!(seen.trace(), TRACE);
        assert_eq!(seen.span.trace_state, "vendor=value");
        let pod = &seen.resource["service.instance.id"];
        for (name, value) in [
            ("service.name", "shardferry"),
            ("service.version", version.trim().trim_start_matches("shardferry ")),
            ("k8s.pod.name", pod),
            ("k8s.namespace.name", "etl"),
            ("k8s.node.name", "node-7"),
            ("k8s.pod.uid", &pod.replace("pod", "uid")),
            ("deployment.environment.name", "tests"),
            (names::RUN_ID, RUN),
        ] {
            assert_eq!(seen.resource.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert!(!seen.is_failed());
        assert_eq!(seen.attribute(names::OUTCOME), "completed");
    }
    let runs = named(&spans, "shardferry sync");
    let shards: BTreeSet<_> = runs.iter().map(|run| run.attribute(names::SHARD)).collect();
    assert_eq!(shards, BTreeSet::from(["shard 1/3", "shard 2/3", "shard 3/3"]));
    assert!(runs.iter().all(|run| run.parent() == PARENT && run.attribute(names::EXIT_CODE) == "0"));
    assert_eq!(runs.iter().map(|run| run.number(names::SPAN_ROWS)).sum::<u64>(), rows);

    let indexes: Vec<u64> = named(&spans, "table").iter().map(|table| table.number(names::INDEX)).collect();
    assert_eq!(indexes.len(), tables);
    assert_eq!(
        indexes.iter().copied().collect::<BTreeSet<_>>(),
        (1..=u64::try_from(tables).unwrap()).collect()
    );
    let chunks = named(&spans, "chunk");
    assert!(chunks.len() > tables, "some table has several chunks");
    assert!(chunks.iter().all(|chunk| chunk.attribute(names::DB_SYSTEM) == "postgresql"));
    assert_metrics(&receiver, rows, tables, chunks.len());
}

#[expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "small whole numbers")]
fn assert_metrics(receiver: &Receiver, rows: u64, tables: usize, chunks: usize) {
    let all = |name: &str| receiver.total(name, |_| true);
    assert_eq!(all(names::ROWS.name), rows as f64);
    assert_eq!(all(names::TABLE_ROWS.name), rows as f64);
    assert_eq!(all(names::CHUNKS.name), chunks as f64);
    assert!(all(names::BYTES.name) > 0.0);
    assert_eq!(all(names::BYTES.name), all(names::TABLE_BYTES.name));
    assert_eq!(all(names::IN_FLIGHT.name), 0.0);
    let state = |state: &str| {
        receiver.total(names::TABLES.name, |point| {
            point.attributes.get(names::STATE).is_some_and(|is| is == state)
        })
    };
    assert_eq!(
        ["completed", "failed", "in_progress", "remaining"].map(state),
        [tables as f64, 0.0, 0.0, 0.0]
    );
    let spent = receiver.total(names::PHASE_DURATION.name, |point| point.attributes[names::PHASE] == "copy");
    assert!(spent > 0.0 && all(names::CHUNK_DURATION.name) > 0.0);
    for point in receiver.points() {
        let known = names::METRICS.iter().find(|metric| metric.name == point.metric);
        let known = known.unwrap_or_else(|| panic!("{} is not in the list", point.metric));
        assert_eq!(point.unit, known.unit, "{}", point.metric);
        let wanted: BTreeSet<&str> = names::EVERYWHERE.iter().chain(known.attributes).copied().collect();
        assert_eq!(point.attributes.keys().map(String::as_str).collect::<BTreeSet<_>>(), wanted);
        assert_eq!(point.attributes[names::RUN_ID], RUN);
        assert_eq!(point.attributes[names::POD], point.resource["service.instance.id"]);
    }
}

#[test]
fn the_phases_of_a_run_are_spans_beside_the_tables() {
    let world = World::with_files();
    world.company(4, 50, 3);
    let receiver = Receiver::start(Answers::Status(200));
    world.command(&["run"]).env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url()).pod("main").run().exits(0);
    let spans = receiver.spans();
    assert_tree(&spans, "shardferry run");
    for phase in ["plan", "schema", "finish"] {
        assert_eq!(only(&spans, phase).attribute(names::OUTCOME), "completed");
        assert!(
            receiver.total(names::PHASE_DURATION.name, |point| point.attributes[names::PHASE] == phase) > 0.0
        );
    }
    let run = only(&spans, "shardferry run");
    assert_eq!(run.parent(), "", "it begins a trace of its own");
    assert_eq!(run.attribute(names::COMMAND), "run");
    assert_eq!(run.attribute(names::PROCESSED), "4");
}

/// Two tables stand still in mid-chunk when the signal comes, and are rolled back when the grace period is over.
#[test]
fn sigterm_in_mid_copy_loses_no_span() {
    let world = World::with_files();
    world.company(6, 100, 7);
    for table in ["TA", "TB"] {
        world.reference(table, 20_000);
    }
    world.prepare();
    let receiver = Receiver::start(Answers::Status(200));
    let stalls = ["[TA]", "[TB]"].map(|table| {
        world.fault(Fault::from(FaultKind::Stall { rows: 5_000, time: None }).times(1).containing(table))
    });
    let pod = sync(&world, &receiver.url())
        .env("SHARDFERRY_CHUNK_SIZE", "128MiB")
        .env("SHARDFERRY_GRACE_PERIOD", "200ms")
        .env("SHARDFERRY_JOBS", "3")
        .spawn();
    until("both stalls", || stalls.iter().all(|stall| world.happened(*stall) == 1).then_some(()));
    pod.signal("TERM");
    let done = pod.wait().exits(143);
    let spans = receiver.spans();
    assert_tree(&spans, "shardferry sync");
    let run = only(&spans, "shardferry sync");
    assert_eq!((run.attribute(names::OUTCOME), run.attribute(names::EXIT_CODE)), ("stopped", "143"));
    assert!(!run.is_failed(), "told to stop is not failed");
    let started = done.lines_with("Processing: ").len();
    assert!(started >= 2);
    assert_eq!(named(&spans, "table").len(), started);
    for name in ["dbo.TA", "dbo.TB"] {
        for kind in ["table", "chunk"] {
            let all = named(&spans, kind);
            let stopped = all.iter().find(|seen| seen.attribute(names::TABLE) == name).unwrap();
            assert_eq!(stopped.attribute(names::OUTCOME), "stopped");
        }
    }
    let stopped = receiver.total(names::CHUNKS.name, |point| point.attributes[names::OUTCOME] == "stopped");
    assert!((stopped - 2.0).abs() < 0.1, "{stopped}");
}

#[test]
fn a_failed_table_and_a_retry_are_seen() {
    let world = World::with_files();
    for table in ["Bad", "Good"] {
        world.reference(table, 50);
    }
    world.prepare();
    // Its rows are refused when they arrive.
    world.target("ALTER TABLE dbo.\"Bad\" ADD CONSTRAINT no CHECK (false)");
    let reset = world.fault(Fault::from(FaultKind::ResetAfterRows(1)).times(1).containing("[Good]"));
    let receiver = Receiver::start(Answers::Status(200));
    sync(&world, &receiver.url()).run().exits(3);
    assert_eq!(world.happened(reset), 1);
    let spans = receiver.spans();
    assert_tree(&spans, "shardferry sync");
    let failed: Vec<&Seen> = spans.iter().filter(|seen| seen.is_failed()).collect();
    let kinds: BTreeSet<&str> = failed.iter().map(|seen| seen.span.name.as_str()).collect();
    assert_eq!(kinds, BTreeSet::from(["shardferry sync", "table", "chunk"]));
    for seen in &failed {
        assert_eq!(seen.attribute(names::ERROR), "target_data");
        assert_eq!(seen.attribute(names::OUTCOME), "failed");
        assert!(!seen.span.status.as_ref().unwrap().message.is_empty());
    }
    let failures = receiver.total(names::TABLE_FAILURES.name, |point| {
        point.attributes[names::TABLE] == "dbo.Bad" && point.attributes[names::ERROR] == "target_data"
    });
    assert!((failures - 1.0).abs() < 0.1);
    let retries =
        receiver.total(names::RETRIES.name, |point| point.attributes[names::ERROR] == "source_unavailable");
    assert!((retries - 1.0).abs() < 0.1);
    // Of the span it happened in: of the table, where its boundaries are looked for, or of a chunk.
    let said =
        |seen: &&Seen| seen.span.events.iter().any(|one| one.name == "retrying after a transient error");
    let retried: Vec<&Seen> = spans.iter().filter(said).collect();
    assert_eq!(retried.len(), 1, "{retried:?}");
    assert_eq!((retried[0].attribute(names::TABLE), retried[0].is_failed()), ("dbo.Good", false));
}

/// From the last line about the copy to the end of the process.
fn ending(invocation: Invocation) -> (Finished, Duration) {
    let mut pod = invocation.spawn();
    pod.wait_for_line("go_on");
    let began = Instant::now();
    (pod.wait(), began.elapsed())
}

#[test]
fn a_collector_that_is_away_silent_or_refusing_costs_only_telemetry_and_is_said_once() {
    let mut world = company();
    let silent = Receiver::start(Answers::Nothing);
    let refusing = [500, 503, 401].map(|status| Receiver::start(Answers::Status(status)));
    let away = {
        let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", held.local_addr().unwrap())
    };
    let mut places = vec![away, silent.url()];
    places.extend(refusing.iter().map(Receiver::url));
    for url in places {
        let pod = sync(&world, &url)
            // It must be the bound of the end that ends it, and there must be many failures to be said once.
            .env("OTEL_EXPORTER_OTLP_TIMEOUT", "60000")
            .env("OTEL_METRIC_EXPORT_INTERVAL", "20")
            .env("OTEL_BSP_SCHEDULE_DELAY", "20")
            .env("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1");
        let (done, took) = ending(pod);
        let done = done.exits(0);
        assert_eq!(done.lines_with("telemetry does not reach the collector").len(), 1, "{}", done.stderr);
        // The machine may be busy; a collector that is waited for takes a minute.
        assert!(took < FLUSH + Duration::from_secs(10), "{url}: {took:?}");
        world.assert_equal();
        world.renew();
        world.prepare();
    }
    assert!(refusing.iter().all(|receiver| !receiver.requests().is_empty()));
    assert!(!silent.requests().is_empty());
}

#[test]
fn the_result_is_written_before_a_silent_collector_is_waited_for() {
    let world = company();
    let silent = Receiver::start(Answers::Nothing);
    let result = world.folder.path().join("result.json");
    sync(&world, &silent.url())
        .env("OTEL_EXPORTER_OTLP_TIMEOUT", "60000")
        .env("SHARDFERRY_RESULT_FILE", result.to_str().unwrap())
        .run()
        .exits(0);
    // The collector never answers, so the whole of the bound lies between the file and the end.
    let age = std::fs::metadata(&result).unwrap().modified().unwrap().elapsed().unwrap();
    assert!(age >= FLUSH / 2, "{age:?}");
}

#[test]
fn a_parent_that_is_not_sampled_exports_no_span_and_a_malformed_one_is_ignored() {
    let world = company();
    let receiver = Receiver::start(Answers::Status(200));
    let status = |traceparent: &str| {
        world
            .command(&["status"])
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url())
            .env("TRACEPARENT", traceparent)
            .run()
            .exits(0)
    };
    status(&format!("00-{TRACE}-{PARENT}-00"));
    assert_eq!(receiver.spans().len(), 0);
    assert!(!receiver.points().is_empty(), "metrics know no sampling");
    for malformed in ["00-xyz", "00-00000000000000000000000000000000-00f067aa0ba902b7-01"] {
        let done = status(malformed);
        assert_eq!(done.lines_with("TRACEPARENT is not one of W3C Trace Context").len(), 1);
    }
    let spans = receiver.spans();
    assert_eq!(spans.len(), 2);
    assert!(spans.iter().all(|seen| seen.parent().is_empty() && seen.trace() != TRACE));
}

#[test]
fn a_collector_behind_tls_must_be_one_that_is_trusted() {
    let world = company();
    let receiver = Receiver::with_tls(Answers::Status(200));
    let folder = environment("SHARDFERRY_TEST_PG_TLS_DIR");
    let status = |variable: &str, file: &str| {
        let pod = world.command(&["status"]).env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url());
        pod.env(variable, &format!("{folder}/{file}")).run().exits(0)
    };
    for (variable, so_far) in [("OTEL_EXPORTER_OTLP_CERTIFICATE", 1), ("SSL_CERT_FILE", 2)] {
        assert!(status(variable, "ca.pem").lines_with("telemetry").is_empty());
        assert_eq!(receiver.spans().len(), so_far, "{variable}");
    }
    let done = status("OTEL_EXPORTER_OTLP_CERTIFICATE", "other-ca.pem");
    let said = done.lines_with("telemetry does not reach the collector");
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("certificate"), "{said:?}");
    let missing = status("OTEL_EXPORTER_OTLP_CERTIFICATE", "no.pem");
    assert!(!missing.lines_with("OTEL_EXPORTER_OTLP_CERTIFICATE").is_empty());
    assert_eq!(receiver.spans().len(), 2);
}

#[test]
fn nothing_is_sent_where_the_environment_says_so() {
    let world = company();
    let receiver = Receiver::start(Answers::Status(200));
    let status = |name: &str, value: &str| {
        let pod = world.command(&["status"]).env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url());
        pod.env(name, value).run().exits(0)
    };
    status("OTEL_SDK_DISABLED", "true");
    assert_eq!(receiver.requests().len(), 0);
    status("OTEL_TRACES_EXPORTER", "none");
    assert!(!receiver.requests().is_empty(), "metrics are sent all the same");
    assert!(receiver.requests().iter().all(|request| request.path == "/v1/metrics"));
    let before = receiver.requests().len();
    status("OTEL_METRICS_EXPORTER", "none");
    assert!(receiver.requests()[before..].iter().all(|request| request.path == "/v1/traces"));
    assert_eq!(receiver.spans().len(), 1);
    let before = receiver.requests().len();
    for (name, value) in
        [("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]
    {
        let wrong = status(name, value);
        let said = wrong.lines_with(&format!("{name}={value} is not"));
        assert!(said.len() == 1 && said[0].contains("http/protobuf") && said[0].contains("4318"), "{said:?}");
    }
    assert_eq!(receiver.requests().len(), before);
}

#[test]
fn logs_and_spans_say_who_they_are_of_and_text_stays_short() {
    let world = company();
    let receiver = Receiver::start(Answers::Status(200));
    let done = sync(&world, &receiver.url())
        .env("POD_NAMESPACE", "e\"tl")
        .env("NODE_NAME", "node-7")
        .env("POD_UID", "uid-1")
        .run()
        .exits(0);
    assert!(done.stderr.lines().count() > 12);
    for line in done.stderr.lines() {
        let line: Json = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for (name, value) in [
            ("run_id", RUN),
            ("pod", "main"),
            ("namespace", "e\"tl"),
            ("node", "node-7"),
            ("pod_uid", "uid-1"),
            ("trace_id", TRACE),
        ] {
            assert_eq!(line[name], value, "{line}");
        }
        assert!(line["span"].is_null(), "the fields of events say it already: {line}");
        assert!(line["timestamp"].is_string() && line["message"].is_string());
    }
    let services = |receiver: &Receiver| -> BTreeSet<String> {
        receiver.spans().iter().map(|seen| seen.resource["service.name"].clone()).collect()
    };
    assert_eq!(services(&receiver), BTreeSet::from(["shardferry".to_owned()]));
    let status = world.command(&["status"]).env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url());
    status.env("OTEL_SERVICE_NAME", "nightly-load").run().exits(0);
    assert!(services(&receiver).contains("nightly-load"));
    let plain = world.command(&["sync", "--truncate"]).env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url());
    let plain = plain.env("TRACEPARENT", &traceparent()).pod("main").run().exits(0);
    assert!(!plain.stderr.contains(TRACE) && !plain.stderr.contains("chunk{"), "{}", plain.stderr);
}

#[test]
fn no_secret_is_exported_or_logged() {
    let world = company();
    let receiver = Receiver::start(Answers::Status(200));
    let endpoint = receiver.url().replace("http://", "http://user:pl4nted-endpoint@");
    let planted = ["Passw0rd!", "pl4nted-header", "pl4nted-endpoint", "pl4nted-target"];
    let pod = |command: &str| {
        world
            .command(&[command])
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)
            .env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20pl4nted-header,x-tenant=t7")
            .env("SHARDFERRY_LOG_FORMAT", "json")
            .env("RUST_LOG", "trace")
            .pod("main")
    };
    let copied = pod("sync").run().exits(0);
    let user = format!("postgres://nobody:pl4nted-target@{}/{}", world.target_address(), world.database);
    let login = pod("sync").env("SHARDFERRY_TARGET_URL", &user).run().exits(2);
    assert!(!copied.lines_with("\"target\":\"hyper").is_empty(), "the HTTP client has logs of its own");
    let requests = receiver.requests();
    assert!(requests.iter().any(|request| request.path == "/v1/traces"));
    assert!(requests.iter().any(|request| request.path == "/v1/metrics"));
    for request in &requests {
        assert_eq!(request.headers["authorization"], "Bearer pl4nted-header");
        assert_eq!(request.headers["x-tenant"], "t7");
        let body = String::from_utf8_lossy(&request.body);
        for secret in planted {
            assert!(!body.contains(secret), "{secret} in {}", request.path);
        }
    }
    for secret in planted {
        for done in [&copied, &login] {
            let shown = done.lines_with(secret);
            assert!(shown.is_empty(), "{secret}: {shown:?}");
        }
    }
    let failed = receiver.spans().into_iter().filter(Seen::is_failed).count();
    assert!(failed >= 1, "the refused login is a failed run");
}

/// One request as a Prometheus sends it: the head and the body.
fn get(address: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// The value of the first series that begins like this.
fn value(page: &str, series: &str) -> Option<f64> {
    page.lines().find(|line| line.starts_with(series))?.rsplit_once(' ')?.1.parse().ok()
}

/// One table stands still while the pod is asked, so that what is asked for is there.
#[test]
fn metrics_are_scraped_while_a_pod_runs_and_an_address_that_is_taken_costs_nothing() {
    let world = World::with_files();
    world.company(4, 50, 3);
    world.reference("TA", 20_000);
    world.prepare();
    let stall =
        world.fault(Fault::from(FaultKind::Stall { rows: 5_000, time: None }).times(1).containing("[TA]"));
    let mut pod = world
        .command(&["sync", "--jobs", "3", "--grace-period", "200ms"])
        .env("SHARDFERRY_LOG_FORMAT", "json")
        .env("SHARDFERRY_METRICS_ADDRESS", "127.0.0.1:0")
        .pod("main")
        .spawn();
    let line = pod.wait_for_line("metrics are served at");
    let message: Json = serde_json::from_str(&line).unwrap();
    let url = message["message"].as_str().unwrap().rsplit_once("http://").unwrap().1.to_owned();
    let address = url.strip_suffix("/metrics").unwrap();
    until("the stall", || (world.happened(stall) == 1).then_some(()));
    let page = until("four tables", || {
        let (head, page) = get(address, "/metrics");
        assert!(head.starts_with("HTTP/1.1 200") && head.contains("text/plain; version=0.0.4"), "{head}");
        (value(&page, "shardferry_tables{shardferry_pod=\"main\",shardferry_run_id=\"run-1\",shardferry_state=\"completed\"")
            == Some(4.0))
        .then_some(page)
    });
    let rows = value(&page, "shardferry_rows_total{").unwrap();
    assert!(rows >= 4.0, "{page}");
    for series in [
        "shardferry_copied_bytes_total{",
        "shardferry_chunks_total{",
        "shardferry_chunk_duration_seconds_bucket{",
        "shardferry_in_flight_bytes{",
        "shardferry_table_rows_total{",
        "shardferry_table_duration_seconds{",
    ] {
        assert!(value(&page, series).is_some(), "{series} in\n{page}");
    }
    assert!(!page.contains("otel_scope") && !page.contains("s3cret"), "{page}");
    assert!(get(address, "/").0.starts_with("HTTP/1.1 404"));
    let second = world.command(&["schema", "--metrics-address", address]).pod("second").run();
    second.exits(0).says("metrics are not served at");
    pod.signal("TERM");
    pod.wait().exits(143);
    world.succeed(&["sync"]);
    world.assert_equal();
}
