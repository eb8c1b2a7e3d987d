//! `plimsoll watch` of real services.

use std::{
    collections::BTreeMap,
    process::{Child, Command, Stdio},
};

use plimsoll_e2e::{
    Run, Tool, command, finish, nginx::Nginx, postgres::Postgres, prometheus::Prometheus,
    redis::Redis, run_source,
};
use serde_json::Value;

/// What `plimsoll watch --json` wrote: sums of counters and greatest levels, by metric and one tag.
pub(crate) struct Seen {
    values: BTreeMap<(String, String), f64>,
    pub(crate) events: Vec<String>,
    pub(crate) hosts: Vec<String>,
    pub(crate) run: Run,
}

impl Seen {
    /// `tag`: by which values of one metric are told apart.
    pub(crate) fn of(run: Run, tag: &str) -> Seen {
        assert_eq!(run.code, Some(0), "{}", run.said());
        let mut seen = Seen { values: BTreeMap::new(), events: Vec::new(), hosts: Vec::new(), run };
        for line in seen.run.stdout.lines() {
            let line: Value =
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            if let Some(text) = line["text"].as_str() {
                seen.events.push(text.to_owned());
                continue;
            }
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (name, value) = (text(&line["metric"]), line["value"].as_f64().unwrap());
            let host = text(&line["tags"]["host"]);
            if !seen.hosts.contains(&host) {
                seen.hosts.push(host);
            }
            let entry = seen.values.entry((name, text(&line["tags"][tag]))).or_default();
            match line["kind"].as_str() {
                Some("counter") => *entry += value,
                _ => *entry = entry.max(value),
            }
        }
        seen
    }

    /// 0 when there is none.
    pub(crate) fn value(&self, metric: &str, tag: &str) -> f64 {
        self.values.get(&(metric.to_owned(), tag.to_owned())).copied().unwrap_or(0.0)
    }

    fn has(&self, metric: &str) -> bool {
        self.values.keys().any(|(name, _)| name == metric)
    }
}

/// Ten looks a second for three seconds.
pub(crate) fn watch(arguments: &[&str]) -> (Command, tempfile::TempDir) {
    watch_for("3", arguments)
}

pub(crate) fn watch_for(seconds: &str, arguments: &[&str]) -> (Command, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["watch", "--json", "--watch-every", "100ms", "--seconds", seconds]);
    command.args(arguments);
    (command, folder)
}

/// Watches while `meanwhile` goes on.
fn watch_while(arguments: &[&str], meanwhile: impl FnOnce() + Send) -> Run {
    let (command, folder) = watch_for("5", arguments);
    std::thread::scope(|scope| {
        let working = scope.spawn(move || {
            // Behind the first look, which increases are counted from.
            std::thread::sleep(std::time::Duration::from_millis(1_000));
            meanwhile();
        });
        let run = finish(command, folder, None);
        working.join().unwrap();
        run
    })
}

fn start(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn postgres_under_a_lock() {
    let postgres = Postgres::start();
    postgres.ask("CREATE TABLE cargo (id int)");
    let url = format!("{}?sslmode=require", postgres.url());
    let run = watch_while(&[&url], || {
        let mut holder =
            start(postgres.psql("BEGIN; LOCK TABLE cargo; SELECT pg_sleep(2); COMMIT"));
        let is_held =
            "SELECT count(*) FROM pg_locks WHERE granted AND relation = 'cargo'::regclass";
        while postgres.ask(is_held) == "0" {
            assert!(holder.try_wait().unwrap().is_none(), "the lock was never seen");
        }
        let mut waiter = start(postgres.psql("SELECT count(*) FROM cargo"));
        for _ in 0..5 {
            postgres.ask("SELECT 1");
        }
        holder.wait().unwrap();
        waiter.wait().unwrap();
    });
    let seen = Seen::of(run, "wait");
    let said = seen.run.said();
    assert!(!said.contains("hunter2"), "{said}");
    assert!(said.contains(&format!("\"service\":\"{}\"", postgres.place())), "{said}");
    assert_eq!(seen.value("postgres_connections_limit", ""), 100.0, "{said}");
    assert!(seen.value("postgres_connections", "") >= 3.0, "{said}");
    assert!(seen.value("postgres_connections_active", "") >= 2.0, "{said}");
    assert_eq!(seen.value("postgres_waiting", "Lock"), 1.0, "{said}");
    assert_eq!(seen.value("postgres_locks_waiting", ""), 1.0, "{said}");
    assert!(seen.value("postgres_commits", "") >= 5.0, "{said}");
    assert!(seen.value("postgres_blocks_hit", "") > 0.0, "{said}");
    assert!(!seen.has("postgres_replication_lag_bytes"), "{said}");
}

#[test]
fn postgres_over_its_socket_and_with_too_few_rights() {
    let postgres = Postgres::start();
    postgres.ask("CREATE ROLE deckhand LOGIN PASSWORD 'swab'");
    let socket = format!(
        "postgres:///postgres?host={}&port={}&user=captain&password=hunter2",
        postgres.folder().display(),
        postgres.port()
    );
    let weak = postgres.url_of("deckhand", "swab");
    let wrong = postgres.url_of("captain", "hunter3");
    let (command, folder) = watch(&[&socket, &weak, &wrong]);
    let seen = Seen::of(finish(command, folder, None), "service");
    let said = seen.run.said();
    let folder = format!("{}/postgres", postgres.folder().display());
    assert!(seen.value("postgres_connections", &folder) >= 1.0, "{said}");
    assert!(seen.value("postgres_connections", &postgres.place()) >= 2.0, "{said}");
    assert!(seen.events.iter().any(|text| text.contains("GRANT pg_monitor")), "{said}");
    let failures =
        seen.events.iter().filter(|text| text.contains("password authentication failed"));
    assert_eq!(failures.count(), 1, "told once: {said}");
    for secret in ["hunter2", "hunter3", "swab"] {
        assert!(!said.contains(secret), "{said}");
    }
}

#[test]
fn redis_with_a_password_and_tls() {
    let redis = Redis::start(&["--requirepass", "hunter2", "--maxmemory", "100mb"]);
    let plain = redis.url().replace("redis://", "redis://:hunter2@");
    let secure = format!("rediss://:hunter2@localhost:{}", redis.tls_port());
    let wrong = redis.url().replace("redis://127.0.0.1", "redis://:hunter3@127.0.0.2");
    let (mut command, folder) = watch(&[&plain, &secure, &wrong]);
    command.env("SSL_CERT_FILE", redis.certificate());
    let seen = Seen::of(finish(command, folder, None), "service");
    let said = seen.run.said();
    for service in
        [plain.replace("redis://:hunter2@", ""), secure.replace("rediss://:hunter2@", "")]
    {
        // Each look is a command.
        assert!(seen.value("redis_operations", &service) >= 5.0, "{service}: {said}");
        assert!(seen.value("redis_memory_bytes", &service) > 0.0, "{service}: {said}");
        assert_eq!(seen.value("redis_memory_limit_bytes", &service), 104_857_600.0, "{said}");
        assert!(seen.value("redis_clients", &service) >= 1.0, "{service}: {said}");
    }
    let failures = seen.events.iter().filter(|text| text.starts_with("cannot watch redis"));
    assert_eq!(failures.count(), 1, "told once: {said}");
    assert!(!said.contains("hunter"), "{said}");
}

#[test]
fn redis_with_a_replica() {
    let primary = Redis::start(&[]);
    let port = primary.url().rsplit(':').next().unwrap().to_owned();
    let replica =
        Redis::start(&["--replicaof", "127.0.0.1", &port, "--repl-diskless-sync-delay", "0"]);
    let is_online = || primary.ask("INFO replication").contains("state=online");
    for _ in 0..500 {
        if is_online() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(is_online(), "{}", primary.ask("INFO replication"));
    let run = watch_while(&[&primary.url()], || {
        for at in 0..50 {
            primary.ask(&format!("SET key:{at} value"));
        }
    });
    let seen = Seen::of(run, "replica");
    let said = seen.run.said();
    let name = replica.url().replace("redis://", "");
    assert!(said.contains(&format!("\"replica\":\"{name}\"")), "{said}");
    assert!(seen.has("redis_replication_lag_bytes"), "{said}");
    assert!(seen.value("redis_operations", "") >= 50.0, "{said}");
}

#[test]
fn nginx_and_what_is_no_status_page() {
    let nginx = Nginx::start();
    let status = format!("nginx:{}/status", nginx.url);
    let other = format!("nginx:{}/page.html", nginx.url.replace("127.0.0.1", "localhost"));
    let (command, folder) = watch(&[&status, &other]);
    let seen = Seen::of(finish(command, folder, None), "service");
    let said = seen.run.said();
    let service = nginx.url.replace("http://", "");
    // The page itself is asked for at each look, and the server closes the connection after three.
    assert!(seen.value("nginx_requests", &service) >= 5.0, "{said}");
    assert!(seen.value("nginx_connections_accepted", &service) >= 1.0, "{said}");
    assert_eq!(seen.value("nginx_connections_dropped", &service), 0.0, "{said}");
    assert!(seen.value("nginx_connections_active", &service) >= 1.0, "{said}");
    let failures = seen.events.iter().filter(|text| text.contains("not the page of stub_status"));
    assert_eq!(failures.count(), 1, "told once: {said}");
}

/// The page of Prometheus itself, with thresholds on names that only the page knows.
#[test]
fn a_page_of_prometheus_and_thresholds_on_it() {
    let prometheus = Prometheus::start();
    let url = prometheus.write_url().replace("/api/v1/write", "/metrics");
    let service = url.replace("http://", "").replace("/metrics", "");
    let page = format!("prometheus:{url}#go_,prometheus_http");
    let (command, folder) = watch(&[&page]);
    let seen = Seen::of(finish(command, folder, None), "handler");
    let said = seen.run.said();
    assert!(seen.value("go_goroutines", "") > 1.0, "{said}");
    // Each look is a request; the first is the base.
    assert!(seen.value("prometheus_http_requests_total", "/metrics") >= 3.0, "{said}");
    assert!(
        seen.value("prometheus_http_request_duration_seconds_count", "/metrics") >= 3.0,
        "{said}"
    );
    assert!(!seen.has("prometheus_http_request_duration_seconds_bucket"), "{said}");
    assert!(!seen.has("process_open_fds"), "not asked for: {said}");
    let source = format!(
        "import {{ sleep }} from 'k6';
        export const options = {{ vus: 1, duration: '3s', thresholds: {{
          'go_goroutines{{service:{service}}}': ['max>1'],
          'prometheus_http_requests_total{{handler:/metrics}}': ['count>=1'],
        }} }};
        export default function () {{ sleep(0.1); }}"
    );
    let run = run_source(Tool::Plimsoll, &source, &["--quiet", "--watch", &page]);
    assert_eq!(run.code, Some(0), "{}", run.said());
}
