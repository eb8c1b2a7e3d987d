//! A service that stands still for two seconds, seen by an open and by a closed model.

use std::{thread, time::Duration};

use nix::sys::signal::Signal;
use plimsoll_e2e::Web;
use serde_json::Value;

use super::attack_with;

/// From the start of the attack to the stop, and how long that lasts.
const BEFORE: Duration = Duration::from_millis(1500);
const STOPPED: Duration = Duration::from_secs(2);

/// Attacks a service that is stopped in the middle; the latencies of the report.
fn stopped_in_the_middle(rate: &str) -> Value {
    let web = Web::start();
    let url = format!("{}/get", web.url);
    let report = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(BEFORE);
            web.signal(Signal::SIGSTOP);
            thread::sleep(STOPPED);
            web.signal(Signal::SIGCONT);
        });
        let attack = attack_with(&[rate, "-workers=4", "-duration=5s", &url], None);
        assert_eq!(attack.run.code, Some(0), "{}", attack.run.said());
        attack.report()
    });
    report["latencies"].clone()
}

/// Coordinated omission: a tool that waits for a response before it asks again sends a few slow
/// requests where users would have sent hundreds, and its p99 does not show that anything happened.
#[test]
fn a_stop_of_two_seconds_shows_in_the_open_model_only() {
    let (open, closed) = (stopped_in_the_middle("-rate=200"), stopped_in_the_middle("-rate=0"));
    let ms = |latencies: &Value, key: &str| latencies[key].as_f64().unwrap() / 1e6;
    println!("a service stopped for 2 s      open model, 200/s   closed model, 4 connections");
    for key in ["50th", "90th", "95th", "99th", "max"] {
        println!("{key:>24} {:>20.2} ms {:>20.2} ms", ms(&open, key), ms(&closed, key));
    }
    for latencies in [&open, &closed] {
        assert!((1_500.0..10_000.0).contains(&ms(latencies, "max")), "{latencies}");
    }
    assert!(ms(&open, "99th") > 1_000.0, "{open}");
    assert!(ms(&closed, "99th") < 500.0, "{closed}");
}
