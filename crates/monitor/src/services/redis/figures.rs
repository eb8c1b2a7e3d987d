//! From answers to `INFO` to readings.

use std::collections::HashMap;

use plimsoll_metrics::TagSet;
use plimsoll_runtime::clock::Instant;

use super::info::{Info, REPLICAS_LIMIT};
use crate::{
    metric::{Metric, metrics},
    readings::Readings,
    services::growth::Growth,
};

metrics! {
    OPERATIONS "redis_operations" Counter Count ["service"] "INFO total_commands_processed" "Commands, INFO itself included";
    KEYSPACE_HITS "redis_keyspace_hits" Counter Count ["service"] "INFO keyspace_hits" "Look-ups of keys that were there";
    KEYSPACE_MISSES "redis_keyspace_misses" Counter Count ["service"] "INFO keyspace_misses" "Look-ups of keys that were not there";
    EVICTED_KEYS "redis_evicted_keys" Counter Count ["service"] "INFO evicted_keys" "Keys dropped for want of memory";
    EXPIRED_KEYS "redis_expired_keys" Counter Count ["service"] "INFO expired_keys" "Keys whose time was over";
    ERROR_REPLIES "redis_error_replies" Counter Count ["service"] "INFO total_error_replies" "Commands answered with an error";
    RECEIVED "redis_received_bytes" Counter Bytes ["service"] "INFO total_net_input_bytes" "Bytes from clients";
    SENT "redis_sent_bytes" Counter Bytes ["service"] "INFO total_net_output_bytes" "Bytes to clients";
    CLIENTS "redis_clients" Trend Count ["service"] "INFO connected_clients" "Connections of clients";
    CLIENTS_LIMIT "redis_clients_limit" Trend Count ["service"] "INFO maxclients" "The most connections that are let in";
    BLOCKED_CLIENTS "redis_blocked_clients" Trend Count ["service"] "INFO blocked_clients" "Clients that wait in a blocking command";
    REJECTED "redis_rejected_connections" Counter Count ["service"] "INFO rejected_connections" "Connections refused since there were too many";
    MEMORY "redis_memory_bytes" Trend Bytes ["service"] "INFO used_memory" "Memory that the server asked its allocator for";
    MEMORY_LIMIT "redis_memory_limit_bytes" Trend Bytes ["service"] "INFO maxmemory" "Memory from which on keys are evicted; nothing when there is no limit";
    CPU "redis_cpu_utilization" Trend Cores ["service"] "INFO used_cpu_user + used_cpu_sys" "CPU time of the server's process";
    MAIN_THREAD_CPU "redis_main_thread_utilization" Trend Cores ["service"] "INFO used_cpu_user_main_thread + used_cpu_sys_main_thread" "CPU time of the thread that runs all commands: 1 is its end";
    REPLICATION_LAG "redis_replication_lag_bytes" Trend Bytes ["service" "replica"] "INFO master_repl_offset − slaveN offset" "Changes that a replica has not confirmed";
}

/// What counts up.
const COUNTERS: usize = 9;

/// Running totals of one server.
#[derive(Default)]
pub(super) struct Totals {
    counters: [Growth; COUNTERS],
    cpu: CpuTotal,
    main_thread_cpu: CpuTotal,
    /// Tags by the name of a replica.
    replicas: HashMap<String, TagSet>,
}

impl Totals {
    /// `at`: when the answer came.
    pub(super) fn record(&mut self, info: &Info, at: Instant, readings: &Readings, tags: &TagSet) {
        let counted: [(&'static Metric, Option<f64>); COUNTERS] = [
            (&OPERATIONS, info.commands),
            (&KEYSPACE_HITS, info.keyspace_hits),
            (&KEYSPACE_MISSES, info.keyspace_misses),
            (&EVICTED_KEYS, info.evicted_keys),
            (&EXPIRED_KEYS, info.expired_keys),
            (&ERROR_REPLIES, info.error_replies),
            (&RECEIVED, info.received),
            (&SENT, info.sent),
            (&REJECTED, info.rejected_connections),
        ];
        for ((metric, total), growth) in counted.into_iter().zip(&mut self.counters) {
            if let Some(increase) = total.and_then(|total| growth.of(total)) {
                readings.record(metric, tags, increase);
            }
        }
        for (metric, level) in [
            (&CLIENTS, info.clients),
            (&CLIENTS_LIMIT, info.clients_limit),
            (&BLOCKED_CLIENTS, info.blocked_clients),
            (&MEMORY, info.memory),
            (&MEMORY_LIMIT, info.memory_limit.filter(|limit| *limit > 0.0)),
            (&CPU, self.cpu.utilization(info.cpu.total(), at)),
            (&MAIN_THREAD_CPU, self.main_thread_cpu.utilization(info.main_thread_cpu.total(), at)),
        ] {
            if let Some(level) = level {
                readings.record(metric, tags, level);
            }
        }
        self.record_replicas(info, readings, tags);
    }

    fn record_replicas(&mut self, info: &Info, readings: &Readings, tags: &TagSet) {
        let Some(offset) = info.replication_offset else { return };
        for replica in &info.replicas {
            // Replicas that come under new names for ever: begin anew rather than grow.
            if self.replicas.len() > REPLICAS_LIMIT {
                self.replicas.clear();
            }
            let tags = self
                .replicas
                .entry(replica.name.clone())
                .or_insert_with(|| tags.with("replica", &replica.name));
            readings.record(&REPLICATION_LAG, tags, (offset - replica.offset).max(0.0));
        }
    }
}

/// Seconds of CPU, and when they were told.
#[derive(Default)]
struct CpuTotal {
    growth: Growth,
    at: Option<Instant>,
}

impl CpuTotal {
    /// Cores in use since the last look.
    fn utilization(&mut self, total: Option<f64>, at: Instant) -> Option<f64> {
        let before = self.at.replace(at);
        let used = self.growth.of(total?)?;
        let passed = at.since(before?).as_secs_f64();
        (passed > 0.0).then(|| used / passed)
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_metrics::{Registry, Sink};

    use super::*;
    use crate::services::redis::info;

    /// All values that two answers a second apart leave, by metric and replica.
    fn recorded(first: &str, second: &str) -> Vec<(String, f64)> {
        let registry = Registry::new(1_000);
        let readings = Readings::new(registry.clone(), "here", false);
        let tags = readings.host().with("service", "s");
        let mut totals = Totals::default();
        totals.record(&info::parse(first), Instant::from_nanos(1_000_000_000), &readings, &tags);
        readings.take();
        totals.record(&info::parse(second), Instant::from_nanos(2_000_000_000), &readings, &tags);
        let value = |sink: &Sink| match sink {
            Sink::Counter { sum } => *sum,
            Sink::Trend(histogram) => histogram.max(),
            other => panic!("{other:?}"),
        };
        let name = |series| {
            let def = registry.series_def(series);
            let replica = def.tags.get("replica").map(|name| format!(" {name}"));
            format!("{}{}", registry.def(def.metric).name, replica.unwrap_or_default())
        };
        let sinks = readings.take().interval.sinks;
        sinks.iter().map(|(series, sink)| (name(*series), value(sink))).collect()
    }

    fn check(first: &str, second: &str, expected: &[(&str, f64)]) {
        let found = recorded(first, second);
        let found: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn increases_levels_and_shares() {
        check(
            "total_commands_processed:10\nused_cpu_sys_main_thread:1\nused_cpu_user_main_thread:1\n",
            "total_commands_processed:110\nconnected_clients:4\nmaxmemory:0\n\
             used_cpu_sys_main_thread:1.25\nused_cpu_user_main_thread:1.5\n",
            &[
                ("redis_operations", 100.0),
                ("redis_clients", 4.0),
                ("redis_main_thread_utilization", 0.75),
            ],
        );
    }

    #[test]
    fn replicas_that_lag() {
        check(
            "",
            "maxmemory:9\nmaster_repl_offset:50\nslave0:ip=a,port=1,offset=20\nslave1:ip=b,port=1,offset=60\n",
            &[
                ("redis_memory_limit_bytes", 9.0),
                ("redis_replication_lag_bytes a:1", 30.0),
                ("redis_replication_lag_bytes b:1", 0.0),
            ],
        );
    }
}
