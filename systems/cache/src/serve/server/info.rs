//! INFO: the server's state by sections, in Redis's names where there is such a thing.

use std::{
    fmt::{Display, Write as _},
    sync::atomic::{AtomicU64, Ordering},
};

use super::{Handlers, ServerCall, memory};
use crate::{
    commands::{Flags, Group, KeyRule, Outcome, Spec},
    serve::{
        clients::flag,
        locked,
        statistics::{CommandTotals, Counter, WorkerCounters},
    },
    store::Stats,
};

/// The release of Redis whose commands are followed: clients decide by it what they may ask.
pub(super) const REDIS_VERSION: &str = "7.2.0";

#[rustfmt::skip]
pub(crate) const TABLE: &[Spec] = &[
    Spec::server("info", -1, Flags::LOADING.and(Flags::STALE).and(Flags::WHOLE).and(Flags::DANGEROUS), KeyRule::None, Group::Server, "Tells of the server's state.").complexity("O(N)"),
];

pub(super) const HANDLERS: Handlers = &[("info", info)];

/// A section's name, whether it is told without being named, and what writes it.
type Section = (&'static str, bool, fn(&Facts<'_, '_, '_, '_>, &mut Text));

const SECTIONS: &[Section] = &[
    ("server", true, server),
    ("clients", true, clients),
    ("memory", true, memory_section),
    ("persistence", true, persistence),
    ("stats", true, stats),
    ("replication", true, replication),
    ("cpu", true, cpu),
    ("commandstats", false, commandstats),
    ("errorstats", true, errorstats),
    ("cluster", true, cluster),
    ("keyspace", true, keyspace),
];

/// What sections are made from.
struct Facts<'a, 'c, 'h, 's> {
    call: &'a ServerCall<'c, 'h, 's>,
    store: Stats,
}

/// `name:value` lines.
#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, name: &str, value: impl Display) {
        // Writing to a string cannot fail.
        write!(self.0, "{name}:{value}\r\n").ok();
    }
}

fn info(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let words: Vec<String> = call
        .arguments
        .iter()
        .skip(1)
        .map(|word| String::from_utf8_lossy(word).to_ascii_lowercase())
        .collect();
    let has = |word: &str| words.iter().any(|named| named == word);
    let is_all = has("all") || has("everything");
    let is_default = words.is_empty() || has("default");
    let store = memory::sums(call);
    let facts = Facts { call, store };
    let mut text = Text::default();
    for (name, is_usual, write) in SECTIONS {
        if !(is_all || has(name) || (is_default && *is_usual)) {
            continue;
        }
        if !text.0.is_empty() {
            text.0.push_str("\r\n");
        }
        let mut title = (*name).to_owned();
        if let Some(first) = title.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let title = if *name == "cpu" { "CPU".to_owned() } else { title };
        write!(text.0, "# {title}\r\n").ok();
        write(&facts, &mut text);
    }
    call.out.verbatim(*b"txt", text.0.as_bytes());
    Ok(())
}

fn server(facts: &Facts<'_, '_, '_, '_>, text: &mut Text) {
    let node = facts.call.node;
    let uptime = node.started.elapsed().as_secs();
    text.line("redis_version", REDIS_VERSION);
    text.line("redis_mode", "standalone");
    text.line("plimsoll_version", env!("CARGO_PKG_VERSION"));
    text.line("os", std::env::consts::OS);
    text.line("arch_bits", usize::BITS);
    text.line("multiplexing_api", "epoll");
    text.line("process_id", std::process::id());
    text.line("run_id", &node.run_id);
    text.line("tcp_port", node.addr.port());
    text.line("server_time_usec", facts.call.now.0 * 1_000);
    text.line("uptime_in_seconds", uptime);
    text.line("uptime_in_days", uptime / 86_400);
    text.line("hz", node.parameters.text("hz"));
    text.line("threads", node.workers.len());
    text.line("shards", node.keyspace.store().shards());
    text.line("executable", "");
    text.line("config_file", "");
}

fn clients(facts: &Facts<'_, '_, '_, '_>, text: &mut Text) {
    let node = facts.call.node;
    let all = node.clients.list();
    let count = |flag: u32| all.iter().filter(|client| client.has(flag)).count();
    let largest = |place: fn(&crate::serve::clients::Client) -> usize| {
        all.iter().map(|client| place(client)).max().unwrap_or(0)
    };
    text.line("connected_clients", all.len());
    text.line("cluster_connections", 0);
    text.line("maxclients", node.parameters.text("maxclients"));
    text.line(
        "client_recent_max_input_buffer",
        largest(|client| client.input_bytes.load(Ordering::Relaxed)),
    );
    text.line(
        "client_recent_max_output_buffer",
        largest(|client| client.output_bytes.load(Ordering::Relaxed)),
    );
    text.line("blocked_clients", node.events.blocked_clients.load(Ordering::Relaxed));
    text.line("tracking_clients", node.tracking.counts().clients);
    text.line("pubsub_clients", count(flag::PUBSUB));
    text.line("clients_in_timeout_table", 0);
    text.line("client_buffers_bytes", node.client_bytes.load(Ordering::Relaxed));
    text.line("peak_clients", node.events.peak_clients.load(Ordering::Relaxed));
}

fn memory_section(facts: &Facts<'_, '_, '_, '_>, text: &mut Text) {
    let (node, store) = (facts.call.node, facts.store);
    let clients = node.client_bytes.load(Ordering::Relaxed) as u64;
    let used = store.used_bytes + clients;
    let resident = resident_bytes().unwrap_or(0);
    let max = node.parameters.number("maxmemory").cast_unsigned();
    text.line("used_memory", used);
    text.line("used_memory_human", human(used));
    text.line("used_memory_rss", resident);
    text.line("used_memory_rss_human", human(resident));
    text.line("used_memory_peak", store.peak_bytes.max(used));
    text.line("used_memory_peak_human", human(store.peak_bytes.max(used)));
    text.line("used_memory_dataset", store.live_bytes + store.boxed_bytes);
    text.line("used_memory_log", store.log_bytes);
    text.line("used_memory_index", store.index_bytes);
    text.line("used_memory_expiry", store.expiry_bytes);
    text.line("used_memory_ghost", store.ghost_bytes);
    text.line("mem_clients_normal", clients);
    text.line("maxmemory", max);
    text.line("maxmemory_human", human(max));
    text.line("maxmemory_policy", node.parameters.text("maxmemory-policy"));
    let ratio = if used == 0 { 0.0 } else { resident as f64 / used as f64 };
    text.line("mem_fragmentation_ratio", format_args!("{ratio:.2}"));
    text.line("mem_allocator", "mimalloc");
}

fn persistence(_: &Facts<'_, '_, '_, '_>, text: &mut Text) {
    text.line("loading", 0);
    text.line("async_loading", 0);
    text.line("rdb_changes_since_last_save", 0);
    text.line("rdb_bgsave_in_progress", 0);
    text.line("rdb_last_bgsave_status", "ok");
    text.line("aof_enabled", 0);
}

fn stats(facts: &Facts<'_, '_, '_, '_>, text: &mut Text) {
    let (node, store) = (facts.call.node, facts.store);
    let sum = |counter: fn(&WorkerCounters) -> &Counter| {
        node.workers.iter().map(|worker| counter(worker).get()).sum::<u64>()
    };
    let event = |event: &AtomicU64| event.load(Ordering::Relaxed);
    let events = &node.events;
    let tracking = node.tracking.counts();
    for (name, value) in [
        ("total_connections_received", event(&events.accepted)),
        ("total_commands_processed", sum(|worker| &worker.commands)),
        ("total_net_input_bytes", sum(|worker| &worker.bytes_in)),
        ("total_net_output_bytes", sum(|worker| &worker.bytes_out)),
        ("total_reads_processed", sum(|worker| &worker.reads)),
        ("total_writes_processed", sum(|worker| &worker.writes)),
        ("rejected_connections", event(&events.rejected)),
        ("total_error_replies", sum(|worker| &worker.errors)),
        ("total_modifications", node.dirty.load(Ordering::Relaxed)),
        ("expired_keys", store.expired),
        ("expired_keys_actively", event(&events.keys_expired_actively)),
        ("evicted_keys", store.evicted),
        ("evicted_clients", 0),
        ("refused_writes", store.refused),
        ("keyspace_hits", store.hits),
        ("keyspace_misses", store.misses),
        ("pubsub_patterns", node.channels.pattern_count() as u64),
        ("tracking_total_keys", tracking.keys as u64),
        ("tracking_total_items", tracking.items as u64),
        ("tracking_total_prefixes", tracking.prefixes as u64),
        ("client_query_buffer_limit_disconnections", event(&events.query_limit)),
        ("client_output_buffer_limit_disconnections", event(&events.output_limit)),
        ("client_idle_disconnections", event(&events.idle_closed)),
        ("protocol_errors", event(&events.protocol_errors)),
        ("messages_undelivered", event(&events.messages_undelivered)),
        ("acl_access_denied_auth", event(&events.denied_auth)),
        ("acl_access_denied_cmd", event(&events.denied_command)),
        ("acl_access_denied_key", event(&events.denied_key)),
        ("acl_access_denied_channel", event(&events.denied_channel)),
        ("slowlog_entries", locked(&node.slowlog).len() as u64),
    ] {
        text.line(name, value);
    }
}

fn replication(facts: &Facts<'_, '_, '_, '_>, text: &mut Text) {
    text.line("role", "master");
    text.line("connected_slaves", 0);
    text.line("master_failover_state", "no-failover");
    text.line("master_replid", &facts.call.node.run_id);
    text.line("master_repl_offset", 0);
}

fn cpu(_: &Facts<'_, '_, '_, '_>, text: &mut Text) {
    let Ok(stat) = std::fs::read_to_string("/proc/self/stat") else { return };
    // Fields behind the name, which ends with a parenthesis: user and system time are the 12th and 13th,
    // in hundredths of a second.
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace()).into_iter();
    let mut ticks = fields.flatten().skip(11).map_while(|field| field.parse::<f64>().ok());
    let (user, system) = (ticks.next().unwrap_or(0.0), ticks.next().unwrap_or(0.0));
    text.line("used_cpu_sys", format_args!("{:.6}", system / 100.0));
    text.line("used_cpu_user", format_args!("{:.6}", user / 100.0));
}

fn commandstats(facts: &Facts<'_, '_, '_, '_>, text: &mut Text) {
    let node = facts.call.node;
    for (index, spec) in node.index.specs() {
        let totals = CommandTotals::of(&node.workers, index);
        if totals.calls == 0 {
            continue;
        }
        let each = totals.micros / totals.calls as f64;
        let value = format!(
            "calls={},usec={:.0},usec_per_call={each:.2},rejected_calls={},failed_calls={}",
            totals.calls, totals.micros, totals.rejected, totals.failed
        );
        text.line(&format!("cmdstat_{}", spec.name), value);
    }
}

fn errorstats(facts: &Facts<'_, '_, '_, '_>, text: &mut Text) {
    for (code, count) in &*locked(&facts.call.node.errors) {
        text.line(&format!("errorstat_{code}"), format_args!("count={count}"));
    }
}

fn cluster(_: &Facts<'_, '_, '_, '_>, text: &mut Text) {
    text.line("cluster_enabled", 0);
}

fn keyspace(facts: &Facts<'_, '_, '_, '_>, text: &mut Text) {
    let store = facts.store;
    if store.items > 0 {
        let counts = format!("keys={},expires={},avg_ttl=0", store.items, store.volatile_items);
        text.line("db0", counts);
    }
}

/// Memory of the process that is in RAM, in bytes.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1_024)
}

/// `1.50M`
fn human(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "K", "M", "G"] {
        if value < 1_024.0 {
            return if unit == "B" { format!("{bytes}B") } else { format!("{value:.2}{unit}") };
        }
        value /= 1_024.0;
    }
    format!("{value:.2}T")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_for_people() {
        for (bytes, expected) in
            [(0, "0B"), (1_023, "1023B"), (1_536, "1.50K"), (3 << 20, "3.00M"), (1 << 40, "1.00T")]
        {
            assert_eq!(human(bytes), expected);
        }
    }
}
