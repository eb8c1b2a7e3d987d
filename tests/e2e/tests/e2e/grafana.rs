//! Every query of every dashboard, against the real database that a real run has filled.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use plimsoll_e2e::{
    Tool, Web,
    cgroup::Cgroup,
    command, finish,
    grafana::{Dashboard, Target, Values, resolve},
    influxdb::InfluxDb,
    nginx::Nginx,
    ports::Port,
    postgres::Postgres,
    prometheus::Prometheus,
    redis::Redis,
    script,
    untested::not_tested,
};
use serde_json::Value;

/// What `--tag` says.
const TEST: &str = "grafana";

/// The time that a dashboard shows.
struct Span {
    from: Duration,
    to: Duration,
}

/// What is watched while the run goes; whatever a panel shows must be among it.
struct Watched {
    web: Web,
    /// Behind the service, which is in it.
    cgroup: Option<Cgroup>,
    redis: Redis,
    nginx: Nginx,
    postgres: Postgres,
}

impl Watched {
    fn start() -> Watched {
        let (web, cgroup) = (Web::start(), Cgroup::make());
        match &cgroup {
            Some(cgroup) => cgroup.add(web.pid()),
            None => not_tested("no cgroup can be made here: its panels are not checked"),
        }
        let (redis, nginx) = (Redis::start(&[]), Nginx::start());
        Watched { web, cgroup, redis, nginx, postgres: Postgres::start() }
    }

    fn subjects(&self) -> Vec<String> {
        let port = self.web.url.rsplit(':').next().unwrap();
        let nginx = format!("nginx:{}/status", self.nginx.url);
        let mut subjects = vec!["host".into(), format!("port:{port}"), self.redis.url(), nginx];
        subjects.push(self.postgres.url());
        subjects.extend(self.cgroup.iter().map(|cgroup| format!("cgroup:{}", cgroup.path())));
        subjects
    }

    /// Parts of metrics' names that nobody can have values of here.
    fn lacks(&self) -> &'static [&'static str] {
        if self.cgroup.is_some() { &[] } else { &["cgroup_"] }
    }
}

/// Fills a database: a run of everything, with everything watched.
fn fill(watched: &Watched, out: &str, environment: &[(&str, &str)]) -> Span {
    let nobody = Port::reserve();
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["run", "--quiet", "--tag", &format!("testid={TEST}"), "--out", out]);
    command.args(watched.subjects().iter().flat_map(|subject| ["--watch", subject]));
    command.args(["-e", &format!("BASE={}", watched.web.url)]);
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
    /// A value as Grafana puts it into a regular expression.
    fn escaped(&self, value: &str) -> String;
    fn ask(&self, target: &Target, query: &str, span: &Span) -> Vec<Value>;
}

impl Source for InfluxDb {
    fn variable(&self, question: &str) -> Vec<String> {
        // Values are listed per measurement.
        let found: BTreeSet<String> = self.column("k6", question, 1).into_iter().collect();
        found.into_iter().collect()
    }

    fn escaped(&self, value: &str) -> String {
        escape(value, r"\")
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

    fn escaped(&self, value: &str) -> String {
        // Within a string, where a backslash is written as two.
        escape(value, r"\\")
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

fn escape(value: &str, before: &str) -> String {
    let mut out = String::new();
    for char in value.chars() {
        if r"\^$*+?.()|[]{}/".contains(char) {
            out.push_str(before);
        }
        out.push(char);
    }
    out
}

/// All panels with all that variables may choose, and with one choice for each.
fn check(dashboard: &Dashboard, source: &dyn Source, span: &Span, lacks: &[&str]) {
    let mut values = span.macros();
    let variables = dashboard.variables();
    values.extend(variables.iter().map(|(name, _)| (name.clone(), ".*".to_owned())));
    ask_all(dashboard, source, span, &values, lacks);
    for (name, question) in &variables {
        let found = source.variable(&resolve(question, &values));
        let first = found.first().map_or("", String::as_str);
        let chosen = match name.as_str() {
            "testid" => TEST,
            "scenario" => "visitors",
            "process" => found.iter().find(|process| process.starts_with("port:")).unwrap(),
            "cgroup" if !lacks.is_empty() => continue,
            // Whichever is chosen, the panels of the others are empty.
            "service" => {
                assert_eq!(found.len(), 3, "{found:?}");
                continue;
            }
            _ => first,
        };
        assert!(found.iter().any(|one| one == chosen), "${name} may be {found:?}");
        values.insert(name.clone(), source.escaped(chosen));
    }
    // Only the other scenario has dropped iterations.
    ask_all(dashboard, source, span, &values, &[lacks, &["dropped_iterations"]].concat());
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
    let (influxdb, watched) = (InfluxDb::start(), Watched::start());
    let span = fill(&watched, &format!("influxdb={}/k6", influxdb.url()), &[]);
    check(&Dashboard::of("influxdb"), &influxdb, &span, watched.lacks());
}

#[test]
fn each_panel_of_prometheus_has_data() {
    let (prometheus, watched) = (Prometheus::start(), Watched::start());
    let url = prometheus.write_url();
    let environment = [
        ("K6_PROMETHEUS_RW_SERVER_URL", url.as_str()),
        ("K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM", "true"),
        ("K6_PROMETHEUS_RW_PUSH_INTERVAL", "1s"),
    ];
    let span = fill(&watched, "experimental-prometheus-rw", &environment);
    check(&Dashboard::of("prometheus"), &prometheus, &span, watched.lacks());
}
