//! Real InfluxDB 1.x on a free loopback port.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::{http, ports::Port, tool};

/// How often a started server is asked whether it answers, every 20 ms.
const ATTEMPTS: u32 = 500;

/// One influxd with a folder of its own; ends with the value.
#[derive(Debug)]
pub struct InfluxDb {
    child: Child,
    folder: tempfile::TempDir,
    port: Port,
    _rpc_port: Port,
}

impl InfluxDb {
    /// Starts it and waits until it answers.
    pub fn start() -> InfluxDb {
        let folder = tempfile::tempdir().expect("make a folder");
        let [port, rpc_port] = std::array::from_fn(|_| Port::reserve());
        let config = folder.path().join("influxdb.conf");
        let text = configuration(&folder.path().display().to_string(), &port, &rpc_port);
        std::fs::write(&config, text).expect("write influxdb.conf");
        let log = std::fs::File::create(folder.path().join("log")).expect("create the log");
        let mut command = Command::new(binary());
        command.arg("-config").arg(&config).current_dir(folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().expect("start influxd");
        let mut influxdb = InfluxDb { child, folder, port, _rpc_port: rpc_port };
        influxdb.wait_until_it_answers();
        influxdb
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number)
    }

    /// The series of one InfluxQL statement; none in a database that nobody has written to yet. A
    /// statement that it refuses fails the test.
    pub fn query(&self, database: &str, statement: &str) -> Vec<Value> {
        let query = [("db", database), ("epoch", "ms"), ("q", statement)];
        let answer = http::get_json(self.port.number, "/query", &query);
        let result = &answer["results"][0];
        let error = result["error"].as_str().unwrap_or_default();
        let is_fine = error.is_empty() || error.starts_with("database not found");
        assert!(result.is_object() && is_fine, "InfluxDB refuses `{statement}`: {answer}");
        result["series"].as_array().cloned().unwrap_or_default()
    }

    /// One column of all series of a statement, as text.
    pub fn column(&self, database: &str, statement: &str, column: usize) -> Vec<String> {
        let series = self.query(database, statement);
        let rows = series.iter().flat_map(|one| one["values"].as_array().into_iter().flatten());
        let cells = rows.filter_map(|row| row.get(column)).filter(|cell| !cell.is_null());
        cells.map(|cell| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned)).collect()
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().expect("kill influxd");
        self.child.wait().expect("wait for influxd");
    }

    fn wait_until_it_answers(&mut self) {
        for _ in 0..ATTEMPTS {
            if let Some(status) = self.child.try_wait().expect("ask for influxd's status") {
                panic!("influxd ended with {status}:\n{}", self.log());
            }
            if http::try_get(self.port.number, "/ping", &[]).is_some_and(|(code, _)| code == 204) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("influxd does not answer:\n{}", self.log());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for InfluxDb {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left running.
        let killed = self.child.kill();
        let waited = self.child.wait();
        assert!(killed.is_ok() || waited.is_ok(), "influxd could not be stopped");
    }
}

fn binary() -> PathBuf {
    tool("PLIMSOLL_INFLUXD", &["/usr/bin/influxd", "target/tools/influxdb/usr/bin/influxd"])
}

fn configuration(folder: &str, port: &Port, rpc_port: &Port) -> String {
    let (port, rpc_port) = (port.number, rpc_port.number);
    format!(
        "reporting-disabled = true
bind-address = \"127.0.0.1:{rpc_port}\"
[meta]
dir = \"{folder}/meta\"
[data]
dir = \"{folder}/data\"
wal-dir = \"{folder}/wal\"
query-log-enabled = false
[monitor]
store-enabled = false
[http]
bind-address = \"127.0.0.1:{port}\"
log-enabled = false
"
    )
}
