//! Every query of every dashboard, against the real database that a real run has filled.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use plimsoll_e2e::{
    Tool, Web, command, finish,
    grafana::{Dashboard, Target, Values, resolve},
    influxdb::InfluxDb,
    ports::Port,
    prometheus::Prometheus,
    script,
};
use serde_json::Value;

/// What `--tag` says.
const TEST: &str = "grafana";

/// The time that a dashboard shows.
struct Span {
    from: Duration,
    to: Duration,
}

/// Fills a database: a run of everything, with the service and its host watched.
fn fill(out: &str, environment: &[(&str, &str)]) -> Span {
    let web = Web::start();
    let nobody = Port::reserve();
    let port = web.url.rsplit(':').next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["run", "--quiet", "--tag", &format!("testid={TEST}"), "--out", out]);
    command.args(["--watch", "host", "--watch", &format!("port:{port}")]);
    command.args(["-e", &format!("BASE={}", web.url)]);
    command.args(["-e", &format!("NOBODY=http://127.0.0.1:{}", nobody.number)]);
    command.envs(environment.iter().copied()).arg(script("receivers.js"));
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let from = now();
    let run = finish(command, folder, None);
    assert_eq!(run.code, Some(0), "{}", run.said());
    Span { from, to: now() + Duration::from_secs(1) }
}

impl Span {
    /// Grafana's macros for points a second apart.
    fn macros(&self) -> Values {
        let time =
            format!("time >= {}ms and time <= {}ms", self.from.as_millis(), self.to.as_millis());
        let seconds = (self.to - self.from).as_secs() + 1;
        let values = [
            ("timeFilter", time),
            ("__interval", "1s".into()),
            ("__interval_ms", "1000".into()),
            ("__rate_interval", "4s".into()),
            ("__range", format!("{seconds}s")),
        ];
        values.map(|(name, value)| (name.to_owned(), value)).into()
    }

    fn seconds(&self) -> [String; 2] {
        [self.from, self.to].map(|time| format!("{:.3}", time.as_secs_f64()))
    }
}

/// A database that answers Grafana's questions.
trait Source {
    fn variable(&self, question: &str) -> Vec<String>;
    fn ask(&self, target: &Target, query: &str, span: &Span) -> Vec<Value>;
}

impl Source for InfluxDb {
    fn variable(&self, question: &str) -> Vec<String> {
        self.column("k6", question, 1)
    }

    fn ask(&self, _: &Target, query: &str, _: &Span) -> Vec<Value> {
        let is_number =
            |row: &Value| row.as_array().is_some_and(|r| r.iter().skip(1).any(Value::is_number));
        let mut series = self.query("k6", query);
        series
            .retain(|one| one["values"].as_array().is_some_and(|rows| rows.iter().any(is_number)));
        series
    }
}

impl Source for Prometheus {
    /// `label_values(SELECTOR, LABEL)`
    fn variable(&self, question: &str) -> Vec<String> {
        let inner = question.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
        let (selector, label) = inner.and_then(|inner| inner.rsplit_once(", ")).unwrap();
        self.label_values(selector, label)
    }

    fn ask(&self, target: &Target, query: &str, span: &Span) -> Vec<Value> {
        let [from, to] = span.seconds();
        let mut series = if target.is_instant {
            self.query(query, &to)
        } else {
            self.range(query, [&from, &to], "1")
        };
        let is_number = |point: &Value| point[1] != "NaN";
        series.retain(|one| {
            let points = one["values"].as_array().into_iter().flatten();
            let is_histogram = one["histogram"].is_array() || one["histograms"].is_array();
            is_histogram || points.chain(one.get("value")).any(is_number)
        });
        series
    }
}

/// All panels with all that variables may choose, and with one choice for each.
fn check(dashboard: &Dashboard, source: &dyn Source, span: &Span) {
    let mut values = span.macros();
    let variables = dashboard.variables();
    values.extend(variables.iter().map(|(name, _)| (name.clone(), ".*".to_owned())));
    ask_all(dashboard, source, span, &values, &[]);
    for (name, question) in &variables {
        let found = source.variable(&resolve(question, &values));
        let chosen = match name.as_str() {
            "testid" => TEST,
            "scenario" => "visitors",
            "process" => found.iter().find(|process| process.starts_with("port:")).unwrap(),
            _ => found.first().unwrap_or_else(|| panic!("nothing to choose for ${name}")),
        };
        assert!(found.iter().any(|one| one == chosen), "${name} may be {found:?}");
        values.insert(name.clone(), chosen.to_owned());
    }
    // Only the other scenario has dropped iterations.
    ask_all(dashboard, source, span, &values, &["dropped_iterations"]);
}

/// All queries of all panels return something, but for those that name one of `without`.
fn ask_all(
    dashboard: &Dashboard,
    source: &dyn Source,
    span: &Span,
    values: &Values,
    without: &[&str],
) {
    let mut empty = Vec::new();
    let panels = dashboard.panels();
    assert!(panels.len() > 20, "{} has panels", dashboard.name);
    for panel in &panels {
        assert!(!panel.targets.is_empty(), "{} asks nothing", panel.title);
        for target in &panel.targets {
            let query = resolve(&target.query, values);
            let is_excused = without.iter().any(|name| query.contains(name));
            if !is_excused && source.ask(target, &query, span).is_empty() {
                empty.push(format!("{}: {query}", panel.title));
            }
        }
    }
    let count = empty.len();
    assert_eq!(count, 0, "{}: these return nothing:\n{}", dashboard.name, empty.join("\n"));
}

#[test]
fn each_panel_of_influxdb_has_data() {
    let influxdb = InfluxDb::start();
    let span = fill(&format!("influxdb={}/k6", influxdb.url()), &[]);
    check(&Dashboard::of("influxdb"), &influxdb, &span);
}

#[test]
fn each_panel_of_prometheus_has_data() {
    let prometheus = Prometheus::start();
    let url = prometheus.write_url();
    let environment = [
        ("K6_PROMETHEUS_RW_SERVER_URL", url.as_str()),
        ("K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM", "true"),
        ("K6_PROMETHEUS_RW_PUSH_INTERVAL", "1s"),
    ];
    let span = fill("experimental-prometheus-rw", &environment);
    check(&Dashboard::of("prometheus"), &prometheus, &span);
}
