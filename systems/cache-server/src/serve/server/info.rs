//! INFO: the server's state by sections, in Redis's names where there is such a thing.

use std::{
    fmt::{Display, Write as _},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{Handlers, ServerCall, memory};
use crate::{
    commands::{Flags, Group, KeyRule, Outcome, Spec},
    serve::{
        admin::process,
        clients::flag,
        locked,
        origin::Figures,
        telemetry::statistics::{CommandTotals, Counter, WorkerCounters},
    },
    store::Stats,
};

/// The release of Redis whose commands are followed: clients decide by it what they may ask. Some keep keys of
/// their own by CLIENT TRACKING from this one on.
pub(crate) const REDIS_VERSION: &str = "7.4.0";

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
    ("hotkeys", false, hotkeys),
    ("origin", true, origin_section),
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
    text.line("admin_port", node.parameters.text("admin-port"));
    let file = node.config_file.as_ref().map(|file| file.display().to_string());
    let executable = std::env::current_exe().map(|path| path.display().to_string());
    text.line("executable", executable.unwrap_or_default());
    text.line("config_file", file.unwrap_or_default());
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
    let resident = process::resident_bytes().unwrap_or(0);
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

fn persistence(facts: &Facts<'_, '_, '_, '_>, text: &mut Text) {
    let node = facts.call.node;
    let (saving, job) = (node.saving.facts(), node.saving.job());
    let seconds = |time: Option<Duration>| {
        time.and_then(|time| i64::try_from(time.as_secs()).ok()).unwrap_or(-1)
    };
    let processed = job.as_ref().map_or(0, |job| job.walk.items.load(Ordering::Relaxed));
    text.line("loading", 0);
    text.line("async_loading", 0);
    text.line("current_save_keys_processed", processed);
    text.line("current_save_keys_total", if job.is_some() { facts.store.items } else { 0 });
    text.line("rdb_changes_since_last_save", node.saving.changes(node));
    text.line("rdb_bgsave_in_progress", u8::from(job.is_some()));
    text.line("rdb_last_save_time", saving.last_saved.0 / 1_000);
    text.line("rdb_last_bgsave_status", if saving.last_error.is_none() { "ok" } else { "err" });
    text.line("rdb_last_bgsave_time_sec", seconds(saving.last_took));
    text.line("rdb_current_bgsave_time_sec", seconds(job.map(|job| job.started.elapsed())));
    text.line("rdb_saves", saving.saves);
    let loaded = saving.loaded.unwrap_or_default();
    text.line("rdb_last_load_keys_expired", loaded.expired);
    text.line("rdb_last_load_keys_loaded", loaded.items);
    text.line("last_save_bytes", saving.last.map_or(0, |saved| saved.bytes));
    text.line("last_save_keys", saving.last.map_or(0, |saved| saved.items));
    text.line("last_save_error", saving.last_error.unwrap_or_default());
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
        ("keyspace_hits", store.hits + sum(|worker| &worker.copied_reads)),
        ("keyspace_misses", store.misses),
        ("pubsub_patterns", node.channels.pattern_count() as u64),
        ("tracking_total_keys", tracking.keys as u64),
        ("tracking_total_items", tracking.items as u64),
        ("tracking_total_prefixes", tracking.prefixes as u64),
        ("client_query_buffer_limit_disconnections", event(&events.query_limit)),
        ("client_output_buffer_limit_disconnections", event(&events.output_limit)),
        ("client_idle_disconnections", event(&events.idle_closed)),
        ("protocol_errors", event(&events.protocol_errors)),
        ("tls_handshakes_failed", event(&events.handshakes_failed)),
        ("messages_undelivered", event(&events.messages_undelivered)),
        ("acl_access_denied_auth", event(&events.denied_auth)),
        ("acl_access_denied_cmd", event(&events.denied_command)),
        ("acl_access_denied_key", event(&events.denied_key)),
        ("acl_access_denied_channel", event(&events.denied_channel)),
        ("slowlog_entries", locked(&node.slowlog).len() as u64),
    ] {
        text.line(name, value);
    }
    let rates = &node.rates;
    text.line("instantaneous_ops_per_sec", event(&rates.commands));
    for (name, rate) in [
        ("instantaneous_input_kbps", &rates.bytes_in),
        ("instantaneous_output_kbps", &rates.bytes_out),
    ] {
        text.line(name, format_args!("{:.2}", event(rate) as f64 / 1_024.0));
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
    let Some((user, system)) = process::cpu_seconds() else { return };
    text.line("used_cpu_sys", format_args!("{system:.6}"));
    text.line("used_cpu_user", format_args!("{user:.6}"));
}

fn commandstats(facts: &Facts<'_, '_, '_, '_>, text: &mut Text) {
    let node = facts.call.node;
    for (index, spec) in node.index.specs() {
        let totals = CommandTotals::of(&node.workers, index);
        if totals.calls == 0 && totals.rejected == 0 {
            continue;
        }
        let each = totals.micros / totals.calls.max(1) as f64;
        let value = format!(
            "calls={},usec={:.0},usec_per_call={each:.2},rejected_calls={},failed_calls={}",
            totals.calls, totals.micros, totals.rejected, totals.failed
        );
        text.line(&format!("cmdstat_{}", spec.name), value);
    }
}

fn hotkeys(facts: &Facts<'_, '_, '_, '_>, text: &mut Text) {
    let node = facts.call.node;
    let (samples, millis) = node.hot_keys.evidence();
    let copied = node.workers.iter().map(|worker| worker.copied_reads.get()).sum::<u64>();
    text.line("hotkeys_last_window_samples", samples);
    text.line("hotkeys_last_window_duration_ms", millis);
    text.line("hotkeys_copied_reads", copied);
}

fn origin_section(facts: &Facts<'_, '_, '_, '_>, text: &mut Text) {
    let figures = Figures::of(facts.call.node);
    for (name, gauge) in [
        ("rules", figures.rules),
        ("fills_running", figures.fills),
        ("fills_max", figures.fills_max),
        ("bytes_running", figures.bytes),
        ("bytes_max", figures.bytes_max),
        ("keys_remembered", figures.keys),
        ("remembered_bytes", figures.remembered_bytes),
        ("remembered_bytes_max", figures.remembered_bytes_max),
        ("open_breakers", figures.open_breakers),
    ] {
        text.line(&format!("origin_{name}"), gauge);
    }
    for (name, count) in [
        ("fills_begun", figures.begun),
        ("fills_early", figures.early),
        ("fills_stored", figures.stored),
        ("fills_unchanged", figures.unchanged),
        ("fills_absent", figures.absent),
        ("fills_failed", figures.failed),
        ("fills_overtaken", figures.overtaken),
        ("fills_refused", figures.refused),
        ("fetched_bytes", figures.fetched_bytes),
        ("waiting_reads", figures.waited),
        ("stale_reads", figures.stale),
        ("values_not_remembered", figures.forgotten),
    ] {
        text.line(&format!("origin_{name}"), count);
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
