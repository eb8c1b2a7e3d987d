//! `/metrics`: the limits and who waits for them, in Prometheus's text format.

use std::fmt::{Display, Write};

use http::StatusCode;

use super::{State, gate::Gate, waits::Waits};
use crate::web::{
    body::Body,
    exchange::{Reply, with_type},
};

pub(in crate::web) fn page(state: &State) -> Reply {
    const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
    with_type(StatusCode::OK, TYPE, Body::from(text(state)))
}

fn text(state: &State) -> String {
    let mut page = String::with_capacity(2 << 10);
    if let Some(pool) = &state.pool {
        gate(&mut page, "pool", pool);
    }
    if let Some(lock) = &state.lock {
        gate(&mut page, "lock", lock);
    }
    if let Some(link) = &state.link {
        let rate = link.rate().bytes_per_second();
        metric(&mut page, "link_bandwidth_bytes_per_second", "gauge", "What may be sent", rate);
        metric(&mut page, "link_sent_bytes_total", "counter", "Sent, with heads", link.sent());
        waits(&mut page, "link", "Pieces of responses", &link.waits);
    }
    if let Some(disk) = &state.disk {
        let mut add = |what: &str, help, value: &dyn Display| {
            metric(&mut page, &format!("disk_{what}"), "counter", help, value);
        };
        add("writes_total", "Writes that the disk has", &disk.writes());
        add("written_bytes_total", "Bytes of them", &disk.bytes());
        let time = disk.time().as_secs_f64();
        add("write_seconds_total", "How long they took, summed", &time);
        waits(&mut page, "disk", "Requests that have not begun to write", &disk.waits);
    }
    page
}

fn gate(page: &mut String, name: &str, gate: &Gate) {
    let mut add = |what: &str, kind, help, value: &dyn Display| {
        metric(page, &format!("{name}_{what}"), kind, help, value);
    };
    add("size", "gauge", "Requests of /work that may have it at a time", &gate.size);
    add("in_use", "gauge", "Requests that have it now", &gate.in_use());
    add("queue_limit", "gauge", "Requests that may wait for it", &gate.queue);
    add("refused_total", "counter", "Requests that found the queue full", &gate.refused());
    let busy = gate.busy().as_secs_f64();
    add("busy_seconds_total", "counter", "Time for which requests had it, summed", &busy);
    waits(page, name, "Requests", &gate.waits);
}

fn waits(page: &mut String, name: &str, who: &str, waits: &Waits) {
    let help = format!("{who} that wait for it now");
    metric(page, &format!("{name}_waiting"), "gauge", &help, waits.waiting());
    let (time, count) = (waits.time().as_secs_f64(), waits.count());
    let name = format!("web_{name}_wait_seconds");
    let written = write!(
        page,
        "# HELP {name} How long those waited who got it\n# TYPE {name} summary\n\
         {name}_sum {time}\n{name}_count {count}\n"
    );
    debug_assert!(written.is_ok(), "writing to a string succeeds");
}

fn metric(page: &mut String, name: &str, kind: &str, help: &str, value: impl Display) {
    let written =
        write!(page, "# HELP web_{name} {help}\n# TYPE web_{name} {kind}\nweb_{name} {value}\n");
    debug_assert!(written.is_ok(), "writing to a string succeeds");
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::web::{Disk, Limits, Pool};

    #[test]
    fn every_limit_is_told() {
        let state = State::new(&Limits {
            pool: Some(Pool { size: 2, queue: 7 }),
            lock: true,
            bandwidth: "1MB/s".parse().ok(),
            disk: Disk::make(&std::env::temp_dir()).ok().map(Arc::new),
        });
        let page = text(&state.unwrap());
        for line in [
            "web_pool_size 2",
            "web_pool_in_use 0",
            "web_pool_waiting 0",
            "web_pool_queue_limit 7",
            "web_pool_refused_total 0",
            "web_pool_busy_seconds_total 0",
            "web_pool_wait_seconds_sum 0",
            "web_pool_wait_seconds_count 0",
            "web_lock_size 1",
            "web_lock_waiting 0",
            "web_link_bandwidth_bytes_per_second 1000000",
            "web_link_sent_bytes_total 0",
            "web_link_waiting 0",
            "# TYPE web_link_wait_seconds summary",
            "web_disk_writes_total 0",
            "web_disk_waiting 0",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
        }
    }
}
