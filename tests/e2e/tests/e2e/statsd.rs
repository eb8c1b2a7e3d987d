//! Datagrams of statsd: their sums are those of the summary.

use std::{collections::BTreeMap, net::UdpSocket, time::Duration};

use plimsoll_e2e::{Tool, Web, command, finish};

const SCRIPT: &str = "
import http from 'k6/http';
import { check } from 'k6';
export const options = { iterations: 300, vus: 3 };
export default function () {
  const answer = http.get(`${__ENV.BASE}/status/${__ITER % 3 ? 200 : 500}`);
  check(answer, { 'is 200': (r) => r.status === 200 });
}
";

/// Room for every datagram of the run, in bytes: nobody reads while it goes.
const RECEIVE_BUFFER: usize = 1 << 20;

#[test]
fn sums_are_those_of_the_summary() {
    let web = Web::start();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket2::SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BUFFER).unwrap();
    let out = format!("statsd={}", socket.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("script.js"), SCRIPT).unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["run", "--out", &out, "--summary-export", "summary.json"]);
    command.args(["-e", &format!("BASE={}", web.url), "script.js"]);
    command.envs([("K6_STATSD_ENABLE_TAGS", "true"), ("K6_STATSD_NAMESPACE", "load.")]);
    let run = finish(command, folder, None);
    assert_eq!(run.code, Some(0), "{}", run.said());
    assert!(run.stderr.contains(" points sent"), "{}", run.said());

    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let (mut sums, mut latencies) = (BTreeMap::<String, f64>::new(), 0.0);
    let mut buffer = [0; 2_048];
    while let Ok(length) = socket.recv(&mut buffer) {
        for line in std::str::from_utf8(&buffer[..length]).unwrap().lines() {
            let (name, rest) = line.split_once(':').unwrap();
            let parts: Vec<&str> = rest.split('|').collect();
            match parts[1] {
                "c" => {
                    *sums.entry(name.to_owned()).or_default() += parts[0].parse::<f64>().unwrap()
                }
                "ms" if name == "load.http_req_duration" => {
                    let rate = parts.iter().find_map(|part| part.strip_prefix('@'));
                    latencies += 1.0 / rate.map_or(1.0, |rate| rate.parse::<f64>().unwrap());
                    assert!(parts.last().unwrap().contains("scenario:default"), "{line}");
                }
                _ => {}
            }
        }
    }
    let metrics = &run.json("summary.json")["metrics"];
    let number = |metric: &str, value: &str| metrics[metric][value].as_f64().unwrap();
    assert_eq!(sums["load.http_reqs"], 300.0);
    assert_eq!(sums["load.http_req_failed"], number("http_req_failed", "passes"));
    assert_eq!(sums["load.http_req_failed.false"], number("http_req_failed", "fails"));
    assert_eq!(sums["load.check.is_200.pass"], number("checks", "passes"));
    assert_eq!(sums["load.check.is_200.fail"], number("checks", "fails"));
    assert_eq!(sums["load.data_received"], number("data_received", "count"));
    assert!((latencies - 300.0).abs() < 1e-6, "{latencies}");
}
