//! The names in `docs/reference/telemetry.md` and in the Grafana dashboard are those of [`super::names`].

use super::names::{self, ATTRIBUTES, EVERYWHERE, Kind, METRICS, Metric};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

const BEGIN: &str = "<!-- from src/telemetry/names.rs -->\n";
const END: &str = "<!-- end -->";

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

impl Metric {
    /// As the Prometheus exporter of an OpenTelemetry collector writes it, with the suffixes of its series.
    fn prometheus(&self) -> (String, &'static [&'static str]) {
        let unit = match self.unit {
            "By" => "_bytes",
            "s" => "_seconds",
            annotation if annotation.starts_with('{') => "",
            other => panic!("{other} has no name for Prometheus here"),
        };
        let name = format!("{}{unit}", self.name.replace('.', "_"));
        match self.kind {
            Kind::Counter => (format!("{name}_total"), &[""]),
            Kind::UpDownCounter | Kind::Gauge => (name, &[""]),
            Kind::Histogram => (name, &["_bucket", "_sum", "_count"]),
        }
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn tables() -> String {
    let mut page = String::from("\n## Metrics\n\n");
    writeln!(page, "Every series has {}.\n", quoted(EVERYWHERE)).unwrap();
    page.push_str(
        "| name | unit | kind | attributes | counts | in Prometheus |\n|---|---|---|---|---|---|\n",
    );
    for metric in METRICS {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::UpDownCounter => "up-down counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let (prometheus, suffixes) = metric.prometheus();
        let more = if suffixes.len() > 1 { format!(" with {}", quoted(suffixes)) } else { String::new() };
        let Metric { name, unit, attributes, what, .. } = metric;
        let attributes = quoted(attributes);
        writeln!(page, "| `{name}` | `{unit}` | {kind} | {attributes} | {what} | `{prometheus}`{more} |")
            .unwrap();
    }
    page.push_str("\n## Attributes of spans\n\n| name | on | says |\n|---|---|---|\n");
    for (name, on, says) in ATTRIBUTES {
        writeln!(page, "| `{name}` | {on} | {says} |").unwrap();
    }
    page.push('\n');
    page
}

#[test]
fn the_page_of_telemetry_has_the_names_of_the_code() {
    let path = file("docs/reference/telemetry.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = page.split_once(BEGIN).expect("the tables begin");
    let (_, tail) = rest.split_once(END).expect("the tables end");
    let wanted = format!("{head}{BEGIN}{}{END}{tail}", tables());
    if option_env!("SHARDFERRY_UPDATE_DOCS").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), wanted);
}

#[test]
fn names_follow_the_conventions_and_come_once() {
    let mut seen = BTreeSet::new();
    for metric in METRICS {
        assert!(seen.insert(metric.name), "{} comes twice", metric.name);
        let parts = metric.name.split('.');
        assert!(parts.clone().count() >= 2 && metric.name.starts_with("shardferry."));
        for part in parts {
            assert!(part.chars().all(|c| c.is_ascii_lowercase() || c == '_') && !part.is_empty());
            assert!(!["bytes", "seconds", "total"].contains(&part), "{}: the unit says it", metric.name);
        }
    }
}

/// All strings below a value, with the key that holds each.
fn strings<'j>(json: &'j Json, key: &'j str, found: &mut Vec<(&'j str, &'j str)>) {
    match json {
        Json::String(text) => found.push((key, text)),
        Json::Array(list) => list.iter().for_each(|value| strings(value, key, found)),
        Json::Object(object) => object.iter().for_each(|(key, value)| strings(value, key, found)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// The words of a query that begin with our name: metrics and labels.
fn words(query: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    query.split(|c| !is_word(c)).filter(|word| word.starts_with("shardferry_")).collect()
}

/// All series and all labels as Prometheus has them.
fn in_prometheus() -> BTreeSet<String> {
    let series = METRICS.iter().flat_map(|metric| {
        let (name, suffixes) = metric.prometheus();
        suffixes.iter().map(move |suffix| format!("{name}{suffix}"))
    });
    let labels = METRICS.iter().flat_map(|metric| metric.attributes).chain(EVERYWHERE);
    series.chain(labels.map(|name| name.replace('.', "_"))).collect()
}

#[test]
fn the_alerts_ask_for_nothing_but_our_metrics() {
    let rule = std::fs::read_to_string(file("helm/shardferry/templates/prometheusrule.yaml")).unwrap();
    let known = in_prometheus();
    let asked = words(&rule);
    assert!(asked.len() >= 10, "{asked:?}");
    for word in asked {
        assert!(known.contains(word), "{word}");
    }
}

#[test]
fn the_dashboard_asks_for_nothing_but_our_metrics() {
    let text = std::fs::read_to_string(file("deploy/grafana/shardferry.json")).unwrap();
    let dashboard: Json = serde_json::from_str(&text).unwrap();
    let known = in_prometheus();
    let mut found = Vec::new();
    strings(&dashboard, "", &mut found);
    let queries: Vec<&str> = found
        .iter()
        .filter(|(key, _)| ["expr", "query", "definition"].contains(key))
        .map(|(_, text)| *text)
        .collect();
    assert!(queries.len() >= 10, "{queries:?}");
    let mut asked = BTreeSet::new();
    for query in &queries {
        for word in words(query) {
            assert!(known.contains(word), "{word} in {query}");
            asked.insert(word.to_owned());
        }
    }
    for metric in
        [names::ROWS, names::BYTES, names::TABLES, names::RETRIES, names::IN_FLIGHT, names::PHASE_DURATION]
    {
        assert!(asked.contains(&metric.prometheus().0), "no panel shows {}", metric.name);
    }
    assert!(asked.contains(&names::TABLE_FAILURES.prometheus().0));
    assert!(asked.contains(&names::HELD.prometheus().0));
    assert_panels(&dashboard);
}

fn assert_panels(dashboard: &Json) {
    let panels = dashboard["panels"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "an id comes twice: {panel}");
        assert!(!panel["title"].as_str().unwrap().is_empty());
        let place = &panel["gridPos"];
        assert!(place["x"].as_u64().unwrap() + place["w"].as_u64().unwrap() <= 24, "{panel}");
        if panel["type"] == "row" {
            continue;
        }
        assert_eq!(panel["datasource"]["uid"], "${datasource}");
        for target in panel["targets"].as_array().unwrap() {
            let query = target["expr"].as_str().unwrap();
            assert!(
                query.contains("shardferry_run_id=~\"$run\"") && query.contains("shardferry_pod=~\"$pod\"")
            );
        }
    }
    let variables: Vec<&str> = dashboard["templating"]["list"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(variables, ["datasource", "run", "pod"]);
}
