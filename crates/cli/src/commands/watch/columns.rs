//! Which figures are shown of what, as data.

use plimsoll_outputs::format::{bytes::humanize, number::to_fixed};

/// Things of one kind: a table with a line for each.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) title: &'static str,
    /// The tag that names a thing; of services their kind is in the names of metrics.
    pub(super) tag: &'static str,
    pub(super) columns: &'static [Column],
}

#[derive(Debug)]
pub(super) struct Column {
    pub(super) heading: &'static str,
    pub(super) metric: &'static str,
    pub(super) form: Form,
    /// When a thing has several series of the metric (cores, disks, threads).
    pub(super) fold: Fold,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A share of 1.
    Percent,
    Cores,
    Bytes,
    /// Of an increase, per second.
    BytesRate,
    Rate,
    Count,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    Sum,
    Max,
}

const fn sum(heading: &'static str, metric: &'static str, form: Form) -> Column {
    Column { heading, metric, form, fold: Fold::Sum }
}

const fn max(heading: &'static str, metric: &'static str, form: Form) -> Column {
    Column { heading, metric, form, fold: Fold::Max }
}

/// In the order in which they are shown.
pub(super) const SECTIONS: &[Section] = &[
    Section { title: "HOST", tag: "host", columns: HOST },
    Section { title: "PROCESS", tag: "process", columns: PROCESS },
    Section { title: "CGROUP", tag: "cgroup", columns: CGROUP },
    Section { title: "POSTGRES", tag: "service", columns: POSTGRES },
    Section { title: "REDIS", tag: "service", columns: REDIS },
    Section { title: "NGINX", tag: "service", columns: NGINX },
];

const HOST: &[Column] = &[
    max("cpu", "host_cpu_utilization", Form::Percent),
    max("core", "host_cpu_core_utilization", Form::Percent),
    max("user", "host_cpu_user", Form::Percent),
    max("sys", "host_cpu_system", Form::Percent),
    max("iowait", "host_cpu_iowait", Form::Percent),
    max("steal", "host_cpu_steal", Form::Percent),
    max("queue", "host_run_queue_length", Form::Count),
    max("used", "host_memory_used_bytes", Form::Bytes),
    max("free", "host_memory_available_bytes", Form::Bytes),
    sum("in", "host_network_received_bytes", Form::BytesRate),
    sum("out", "host_network_sent_bytes", Form::BytesRate),
    sum("retrans", "host_tcp_retransmits", Form::Rate),
    max("disk", "host_disk_utilization", Form::Percent),
    sum("read", "host_disk_read_bytes", Form::BytesRate),
    sum("write", "host_disk_written_bytes", Form::BytesRate),
    max("psi-cpu", "host_pressure_cpu_some", Form::Percent),
    max("psi-mem", "host_pressure_memory_some", Form::Percent),
    max("psi-io", "host_pressure_io_some", Form::Percent),
];

const PROCESS: &[Column] = &[
    sum("cores", "process_cpu_utilization", Form::Cores),
    max("hottest", "process_hottest_thread_utilization", Form::Cores),
    sum("delay", "process_run_delay", Form::Cores),
    sum("memory", "process_memory_bytes", Form::Bytes),
    sum("threads", "process_threads", Form::Count),
    sum("fds", "process_file_descriptors", Form::Count),
    max("queue", "process_listen_queue", Form::Count),
    sum("read", "process_disk_read_bytes", Form::BytesRate),
    sum("write", "process_disk_written_bytes", Form::BytesRate),
];

const CGROUP: &[Column] = &[
    max("cores", "cgroup_cpu_utilization", Form::Cores),
    max("quota", "cgroup_cpu_quota", Form::Cores),
    max("throttled", "cgroup_cpu_throttled_share", Form::Percent),
    max("memory", "cgroup_memory_bytes", Form::Bytes),
    max("limit", "cgroup_memory_limit_bytes", Form::Bytes),
    sum("oom", "cgroup_oom_kills", Form::Rate),
];

const POSTGRES: &[Column] = &[
    max("sessions", "postgres_connections", Form::Count),
    max("limit", "postgres_connections_limit", Form::Count),
    max("active", "postgres_connections_active", Form::Count),
    max("idle-tx", "postgres_connections_idle_in_transaction", Form::Count),
    sum("waiting", "postgres_waiting", Form::Count),
    max("locks", "postgres_locks_waiting", Form::Count),
    sum("commits", "postgres_commits", Form::Rate),
    sum("rollbacks", "postgres_rollbacks", Form::Rate),
    sum("deadlocks", "postgres_deadlocks", Form::Rate),
    sum("hits", "postgres_blocks_hit", Form::Rate),
    sum("reads", "postgres_blocks_read", Form::Rate),
    sum("temp", "postgres_temp_bytes", Form::BytesRate),
    max("lag", "postgres_replication_lag_bytes", Form::Bytes),
];

const REDIS: &[Column] = &[
    sum("ops", "redis_operations", Form::Rate),
    max("thread", "redis_main_thread_utilization", Form::Percent),
    sum("hits", "redis_keyspace_hits", Form::Rate),
    sum("misses", "redis_keyspace_misses", Form::Rate),
    max("memory", "redis_memory_bytes", Form::Bytes),
    max("limit", "redis_memory_limit_bytes", Form::Bytes),
    max("clients", "redis_clients", Form::Count),
    max("blocked", "redis_blocked_clients", Form::Count),
    sum("rejected", "redis_rejected_connections", Form::Rate),
    sum("evicted", "redis_evicted_keys", Form::Rate),
    sum("in", "redis_received_bytes", Form::BytesRate),
    sum("out", "redis_sent_bytes", Form::BytesRate),
    max("lag", "redis_replication_lag_bytes", Form::Bytes),
];

const NGINX: &[Column] = &[
    sum("requests", "nginx_requests", Form::Rate),
    sum("accepted", "nginx_connections_accepted", Form::Rate),
    sum("dropped", "nginx_connections_dropped", Form::Rate),
    max("active", "nginx_connections_active", Form::Count),
    max("reading", "nginx_connections_reading", Form::Count),
    max("writing", "nginx_connections_writing", Form::Count),
    max("waiting", "nginx_connections_waiting", Form::Count),
];

impl Form {
    /// Whether values are increases, which are shown per second.
    pub(super) fn is_rate(self) -> bool {
        matches!(self, Form::BytesRate | Form::Rate)
    }

    /// A value as people read it, without blanks.
    pub(super) fn text(self, value: f64) -> String {
        match self {
            Form::Percent => format!("{}%", to_fixed(value * 100.0, usize::from(value < 0.0995))),
            Form::Cores => to_fixed(value, 2),
            Form::Bytes => humanize(value.round()).replace(' ', ""),
            Form::BytesRate => format!("{}/s", humanize(value.round()).replace(' ', "")),
            Form::Rate => format!("{}/s", short(value)),
            Form::Count => short(value),
        }
    }

    /// How much of what there is is in use, where the value says so.
    pub(super) fn share(self, value: f64) -> Option<f64> {
        (self == Form::Percent).then_some(value)
    }
}

/// Whole numbers and large ones without a fraction, others with one digit.
pub(super) fn short(value: f64) -> String {
    to_fixed(value, usize::from(value != value.round() && value.abs() < 100.0))
}

#[cfg(test)]
mod tests {
    use plimsoll_monitor::metric;

    use super::*;

    #[test]
    fn values() {
        for (form, value, expected) in [
            (Form::Percent, 0.0, "0.0%"),
            (Form::Percent, 0.0994, "9.9%"),
            (Form::Percent, 0.0999, "10%"),
            (Form::Percent, 1.0, "100%"),
            (Form::Cores, 1.234, "1.23"),
            (Form::Bytes, 1_230_000.0, "1.2MB"),
            (Form::BytesRate, 513.4, "513B/s"),
            (Form::Rate, 3.0, "3/s"),
            (Form::Rate, 2.25, "2.3/s"),
            (Form::Rate, 12_345.6, "12346/s"),
            (Form::Count, 7.0, "7"),
        ] {
            assert_eq!(form.text(value), expected, "{form:?} {value}");
        }
    }

    #[test]
    fn every_column_is_a_metric_of_the_monitor() {
        for column in SECTIONS.iter().flat_map(|section| section.columns) {
            let found = metric::all().iter().find(|metric| metric.name == column.metric);
            let metric = found.unwrap_or_else(|| panic!("no metric {}", column.metric));
            let is_counter = metric.kind == plimsoll_metrics::MetricKind::Counter;
            assert_eq!(is_counter, column.form.is_rate(), "{}", column.metric);
        }
    }
}
