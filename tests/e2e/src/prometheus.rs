//! Real Prometheus on a free loopback port, with the remote-write receiver and native histograms on.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::{http, ports::Port, tool};

/// How often a started server is asked whether it is ready, every 20 ms.
const ATTEMPTS: u32 = 500;

/// One prometheus with a folder of its own; ends with the value.
#[derive(Debug)]
pub struct Prometheus {
    child: Child,
    folder: tempfile::TempDir,
    port: Port,
}

impl Prometheus {
    /// Starts one that scrapes nothing and waits until it is ready.
    pub fn start() -> Prometheus {
        Prometheus::start_with("global: {}\n")
    }

    /// Starts it with a configuration file of this text.
    pub fn start_with(configuration: &str) -> Prometheus {
        let folder = tempfile::tempdir().expect("make a folder");
        let port = Port::reserve();
        let config = folder.path().join("prometheus.yaml");
        std::fs::write(&config, configuration).expect("write prometheus.yaml");
        let log = std::fs::File::create(folder.path().join("log")).expect("create the log");
        let mut command = Command::new(binary());
        command.arg(format!("--config.file={}", config.display()));
        command.arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()));
        command.arg(format!("--web.listen-address=127.0.0.1:{}", port.number));
        command.args(["--web.enable-remote-write-receiver", "--enable-feature=native-histograms"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().expect("start prometheus");
        let mut prometheus = Prometheus { child, folder, port };
        prometheus.wait_until_it_is_ready();
        prometheus
    }

    /// Where it takes remote writes.
    pub fn write_url(&self) -> String {
        format!("http://127.0.0.1:{}/api/v1/write", self.port.number)
    }

    /// The series of an expression at one time (Unix seconds).
    pub fn query(&self, expression: &str, time: &str) -> Vec<Value> {
        let data = self.ask("/api/v1/query", &[("query", expression), ("time", time)]);
        data["result"].as_array().cloned().unwrap_or_default()
    }

    /// The series of an expression between two times (Unix seconds), a point per `step` seconds.
    pub fn range(&self, expression: &str, [start, end]: [&str; 2], step: &str) -> Vec<Value> {
        let query = [("query", expression), ("start", start), ("end", end), ("step", step)];
        let data = self.ask("/api/v1/query_range", &query);
        data["result"].as_array().cloned().unwrap_or_default()
    }

    /// The values of a label among the series that a selector matches.
    pub fn label_values(&self, selector: &str, label: &str) -> Vec<String> {
        let data = self.ask(&format!("/api/v1/label/{label}/values"), &[("match[]", selector)]);
        let values = data.as_array().into_iter().flatten();
        values.filter_map(|value| value.as_str().map(str::to_owned)).collect()
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().expect("kill prometheus");
        self.child.wait().expect("wait for prometheus");
    }

    fn ask(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let mut answer = http::get_json(self.port.number, path, query);
        assert_eq!(answer["status"], "success", "Prometheus refuses {query:?}: {answer}");
        answer["data"].take()
    }

    fn wait_until_it_is_ready(&mut self) {
        for _ in 0..ATTEMPTS {
            if let Some(status) = self.child.try_wait().expect("ask for prometheus's status") {
                panic!("prometheus ended with {status}:\n{}", self.log());
            }
            let ready = http::try_get(self.port.number, "/-/ready", &[]);
            if ready.is_some_and(|(code, _)| code == 200) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("prometheus does not get ready:\n{}", self.log());
    }

    /// What it said.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left running.
        let killed = self.child.kill();
        let waited = self.child.wait();
        assert!(killed.is_ok() || waited.is_ok(), "prometheus could not be stopped");
    }
}

fn binary() -> PathBuf {
    tool(
        "PLIMSOLL_PROMETHEUS",
        &["/usr/bin/prometheus", "target/tools/prometheus/usr/bin/prometheus"],
    )
}
