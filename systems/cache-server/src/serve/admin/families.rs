//! What `/metrics` tells. Every bounded amount is a *budget*: how much is used, the limit, and what was
//! refused for it, under three names, so that one rule watches them all.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Page, health, process, ready};
use crate::{
    serve::{
        locked,
        node::Node,
        origin::Figures,
        server::info::REDIS_VERSION,
        telemetry::statistics::{CommandTotals, Counter, WorkerCounters},
    },
    store::Stats,
};

/// A bounded amount.
struct Budget {
    name: &'static str,
    used: u64,
    /// 0 is none.
    limit: u64,
    /// Where it is counted.
    refused: Option<u64>,
}

/// The whole page. Each shard is locked for a moment, one after the other.
pub(super) fn text(node: &Node) -> String {
    let mut page = Page::default();
    let mut store = node.keyspace.store().stats();
    // Hits that no shard was asked for.
    store.hits += node.workers.iter().map(|worker| worker.copied_reads.get()).sum::<u64>();
    server(node, &mut page);
    let origin = Figures::of(node);
    budgets(node, store, &origin, &mut page);
    keyspace(store, &mut page);
    connections(node, &mut page);
    traffic(node, &mut page);
    commands(node, &mut page);
    saves(node, &mut page);
    fills(&origin, &mut page);
    process::tell(&mut page);
    page.into_text()
}

fn load(event: &AtomicU64) -> u64 {
    event.load(Ordering::Relaxed)
}

fn server(node: &Node, page: &mut Page) {
    let labels = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("redis_version", REDIS_VERSION),
        ("run_id", &*node.run_id),
        ("policy", &*node.parameters.text("maxmemory-policy")),
    ];
    page.gauge("plimsoll_cache_info", "What runs; always 1.").labelled(&labels, 1);
    let uptime = node.started.elapsed().as_secs_f64();
    page.gauge("plimsoll_cache_uptime_seconds", "Time since the start.").value(uptime);
    page.gauge("plimsoll_cache_threads", "Threads that serve.").value(node.workers.len());
    let help = "Lines of the log that could not wait to be written.";
    page.counter("plimsoll_cache_log_lines_lost_total", help).value(node.journal.lost());
    let is_healthy = u8::from(health(node).is_ok());
    page.gauge("plimsoll_cache_healthy", "1 as long as no thread is stuck.").value(is_healthy);
    let is_ready = u8::from(ready(node).is_ok());
    page.gauge("plimsoll_cache_ready", "1 while clients are served.").value(is_ready);
}

fn budgets(node: &Node, store: Stats, origin: &Figures, page: &mut Page) {
    let hot = &node.parameters.hot;
    let budgets = [
        Budget {
            name: "data_bytes",
            used: store.used_bytes,
            limit: node.parameters.number("maxmemory").cast_unsigned(),
            refused: Some(store.refused),
        },
        Budget {
            name: "client_buffer_bytes",
            used: node.client_bytes.load(Ordering::Relaxed) as u64,
            limit: load(&hot.clients_bytes_max),
            refused: None,
        },
        Budget {
            name: "connections",
            used: node.clients.count() as u64,
            limit: load(&hot.max_clients),
            refused: Some(load(&node.events.rejected)),
        },
        Budget {
            name: "tracked_keys",
            used: node.tracking.counts().keys as u64,
            limit: load(&hot.tracking_keys_max),
            refused: None,
        },
        Budget {
            name: "fills",
            used: origin.fills as u64,
            limit: origin.fills_max as u64,
            refused: Some(origin.refused),
        },
        Budget {
            name: "fill_bytes",
            used: origin.bytes as u64,
            limit: origin.bytes_max as u64,
            refused: None,
        },
        Budget {
            name: "remembered_bytes",
            used: origin.remembered_bytes as u64,
            limit: origin.remembered_bytes_max as u64,
            refused: Some(origin.forgotten),
        },
    ];
    let mut family = page.gauge("plimsoll_cache_budget_used", "How much of a budget is used.");
    for budget in &budgets {
        family.labelled(&[("budget", budget.name)], budget.used);
    }
    let help = "The limit of a budget; without one there is no line.";
    let mut family = page.gauge("plimsoll_cache_budget_limit", help);
    for budget in budgets.iter().filter(|budget| budget.limit > 0) {
        family.labelled(&[("budget", budget.name)], budget.limit);
    }
    let help = "What was refused because a budget was used up.";
    let mut family = page.counter("plimsoll_cache_budget_refused_total", help);
    for budget in &budgets {
        if let Some(refused) = budget.refused {
            family.labelled(&[("budget", budget.name)], refused);
        }
    }
}

fn keyspace(store: Stats, page: &mut Page) {
    page.gauge("plimsoll_cache_items", "Keys.").value(store.items);
    let help = "Keys that expire.";
    page.gauge("plimsoll_cache_volatile_items", help).value(store.volatile_items);
    for (name, help, value) in [
        ("plimsoll_cache_hits_total", "Keys that were asked for and there.", store.hits),
        ("plimsoll_cache_misses_total", "Keys that were asked for and not there.", store.misses),
        ("plimsoll_cache_evictions_total", "Keys that left to make room.", store.evicted),
        ("plimsoll_cache_expirations_total", "Keys that left at their deadline.", store.expired),
    ] {
        page.counter(name, help).value(value);
    }
    let help = "Data under the cap by what it is; live records are a part of the log.";
    let mut family = page.gauge("plimsoll_cache_memory_bytes", help);
    for (part, bytes) in [
        ("log", store.log_bytes),
        ("log_live", store.live_bytes),
        ("index", store.index_bytes),
        ("large_values_and_collections", store.boxed_bytes),
        ("expiry", store.expiry_bytes),
        ("ghost", store.ghost_bytes),
    ] {
        family.labelled(&[("part", part)], bytes);
    }
}

fn connections(node: &Node, page: &mut Page) {
    let events = &node.events;
    let help = "Connections that were taken, those refused by maxclients included.";
    page.counter("plimsoll_cache_connections_total", help).value(load(&events.accepted));
    let mut family =
        page.counter("plimsoll_cache_disconnections_total", "Connections closed by the server.");
    for (reason, count) in [
        ("output_limit", &events.output_limit),
        ("query_limit", &events.query_limit),
        ("idle", &events.idle_closed),
        ("protocol", &events.protocol_errors),
        ("tls_handshake", &events.handshakes_failed),
    ] {
        family.labelled(&[("reason", reason)], load(count));
    }
    let mut family =
        page.counter("plimsoll_cache_denials_total", "What users were refused, see ACL LOG.");
    for (reason, count) in [
        ("auth", &events.denied_auth),
        ("command", &events.denied_command),
        ("key", &events.denied_key),
        ("channel", &events.denied_channel),
    ] {
        family.labelled(&[("reason", reason)], load(count));
    }
    let blocked = load(&events.blocked_clients);
    page.gauge("plimsoll_cache_blocked_clients", "Clients that wait for a key.").value(blocked);
    let help = "Messages that nobody could be given: the listener was closed instead.";
    let undelivered = load(&events.messages_undelivered);
    page.counter("plimsoll_cache_messages_undelivered_total", help).value(undelivered);
}

fn traffic(node: &Node, page: &mut Page) {
    let sum = |counter: fn(&WorkerCounters) -> &Counter| {
        node.workers.iter().map(|worker| counter(worker).get()).sum::<u64>()
    };
    for (name, help, value) in [
        (
            "plimsoll_cache_received_bytes_total",
            "Bytes from clients.",
            sum(|worker| &worker.bytes_in),
        ),
        ("plimsoll_cache_sent_bytes_total", "Bytes to clients.", sum(|worker| &worker.bytes_out)),
        ("plimsoll_cache_reads_total", "Reads that brought bytes.", sum(|worker| &worker.reads)),
        (
            "plimsoll_cache_copied_reads_total",
            "Hits that a thread had its own copy for.",
            sum(|worker| &worker.copied_reads),
        ),
        ("plimsoll_cache_writes_total", "Writes to clients.", sum(|worker| &worker.writes)),
        ("plimsoll_cache_modifications_total", "Changes of keys.", load(&node.dirty)),
    ] {
        page.counter(name, help).value(value);
    }
    let help = "Replies that were errors, by their first word.";
    let mut family = page.counter("plimsoll_cache_errors_total", help);
    for (code, count) in &*locked(&node.errors) {
        family.labelled(&[("code", code)], count);
    }
}

/// Read-through; nothing where there is no rule.
fn fills(origin: &Figures, page: &mut Page) {
    if origin.rules == 0 {
        return;
    }
    let help = "Fills that have ended, by how.";
    let mut family = page.counter("plimsoll_cache_fills_total", help);
    for (outcome, count) in [
        ("stored", origin.stored),
        ("unchanged", origin.unchanged),
        ("absent", origin.absent),
        ("failed", origin.failed),
        ("overtaken", origin.overtaken),
    ] {
        family.labelled(&[("outcome", outcome)], count);
    }
    for (name, help, count) in [
        (
            "plimsoll_cache_fetched_bytes_total",
            "Bytes of values from origins.",
            origin.fetched_bytes,
        ),
        ("plimsoll_cache_early_fills_total", "Fills of what was still fresh.", origin.early),
        ("plimsoll_cache_waiting_reads_total", "Reads that had to wait for a fill.", origin.waited),
        ("plimsoll_cache_stale_reads_total", "Reads of what was not fresh any more.", origin.stale),
    ] {
        page.counter(name, help).value(count);
    }
    let help = "Origins that are left alone because they failed.";
    page.gauge("plimsoll_cache_open_breakers", help).value(origin.open_breakers);
}

/// Warm restart; nothing where there is no file.
fn saves(node: &Node, page: &mut Page) {
    if !node.saving.has_place() {
        return;
    }
    let facts = node.saving.facts();
    page.counter("plimsoll_cache_saves_total", "Saves that were made.").value(facts.saves);
    let is_ok = u8::from(facts.last_error.is_none());
    page.gauge("plimsoll_cache_last_save_ok", "0 when the last save failed.").value(is_ok);
    let help = "When the last save was made, in Unix time.";
    let at = facts.last_saved.0 as f64 / 1e3;
    page.gauge("plimsoll_cache_last_save_timestamp_seconds", help).value(at);
    let help = "Changes of keys that are in no save.";
    page.gauge("plimsoll_cache_unsaved_modifications", help).value(node.saving.changes(node));
    let help = "1 while a save is being made.";
    let is_busy = u8::from(node.saving.job().is_some());
    page.gauge("plimsoll_cache_save_in_progress", help).value(is_busy);
}

/// Commands that somebody has called.
fn commands(node: &Node, page: &mut Page) {
    let called: Vec<(&str, CommandTotals)> = node
        .index
        .specs()
        .map(|(index, spec)| (spec.name, CommandTotals::of(&node.workers, index)))
        .filter(|(_, totals)| totals.calls > 0 || totals.rejected > 0)
        .collect();
    let help = "Calls of commands.";
    let mut family = page.counter("plimsoll_cache_commands_total", help);
    for (name, totals) in &called {
        family.labelled(&[("command", name)], totals.calls);
    }
    let help = "Time in commands; of those with constant time one call in 16 is measured.";
    let mut family = page.counter("plimsoll_cache_command_seconds_total", help);
    for (name, totals) in &called {
        family.labelled(&[("command", name)], totals.micros / 1e6);
    }
    let help = "Calls that ended in an error.";
    let mut family = page.counter("plimsoll_cache_command_failures_total", help);
    for (name, totals) in &called {
        family.labelled(&[("command", name)], totals.failed);
    }
    let help = "Calls that were refused before they ran.";
    let mut family = page.counter("plimsoll_cache_command_rejections_total", help);
    for (name, totals) in &called {
        family.labelled(&[("command", name)], totals.rejected);
    }
}
