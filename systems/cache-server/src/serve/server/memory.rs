//! MEMORY.

use super::{Handlers, ServerCall};
use crate::{
    commands::{Call, Error, Flags, Group, KeyRule, Outcome, Spec},
    store::Stats,
};

const NONE: KeyRule = KeyRule::None;
const GROUP: Group = Group::Server;

#[rustfmt::skip]
pub(crate) const TABLE: &[Spec] = &[
    Spec::server("memory", -2, Flags::NONE, NONE, GROUP, "A container for questions about memory.").since("4.0.0").containing(MEMORY),
];

#[rustfmt::skip]
const MEMORY: &[Spec] = &[
    Spec::new("memory|usage", -3, Flags::READONLY, KeyRule::SECOND, GROUP, "Estimates the bytes that a key and its value take.", usage).since("4.0.0").complexity("O(1)"),
    Spec::server("memory|stats", 2, Flags::WHOLE, NONE, GROUP, "Gives what memory is used for.").since("4.0.0"),
    Spec::server("memory|doctor", 2, Flags::WHOLE, NONE, GROUP, "Tells of the memory in words.").since("4.0.0"),
    Spec::server("memory|purge", 2, Flags::NONE, NONE, GROUP, "Does nothing: memory is given back all the time.").since("4.0.0"),
    Spec::server("memory|malloc-stats", 2, Flags::NONE, NONE, GROUP, "Says that the allocator tells nothing.").since("4.0.0"),
    Spec::server("memory|help", 2, Flags::LOADING.and(Flags::STALE), NONE, GROUP, "Lists the subcommands.").since("4.0.0"),
];

pub(super) const HANDLERS: Handlers = &[
    ("memory|stats", stats),
    ("memory|doctor", doctor),
    ("memory|purge", purge),
    ("memory|malloc-stats", malloc_stats),
];

fn usage(call: &mut Call<'_, '_>) -> Outcome {
    let mut words = call.words(3);
    while words.peek().is_some() {
        // Sizes are kept, so nothing is sampled.
        if !words.take("samples") {
            return Err(Error::Syntax);
        }
        if words.integer()? < 0 {
            return Err(Error::Syntax);
        }
    }
    let (key, now) = (call.key(), call.now);
    match call.shards.of(&key).weight(&key, now) {
        Some(bytes) => call.out.count(bytes),
        None => call.out.null(),
    }
    Ok(())
}

/// Sums of all shards.
pub(super) fn sums(call: &mut ServerCall<'_, '_, '_>) -> Stats {
    let mut sum = Stats::default();
    call.held.each(|_, shard| sum += shard.stats());
    sum
}

fn stats(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let sum = sums(call);
    let clients = call.node.client_bytes.load(std::sync::atomic::Ordering::Relaxed) as u64;
    let (remembered, _) = call.node.keyspace.fills().bytes();
    let per_key = sum.used_bytes.checked_div(sum.items).unwrap_or(0);
    let rows = [
        ("peak.allocated", sum.peak_bytes),
        ("total.allocated", sum.used_bytes + clients),
        ("clients.normal", clients),
        ("keys.count", sum.items),
        ("keys.bytes-per-key", per_key),
        ("dataset.bytes", sum.live_bytes + sum.boxed_bytes),
        ("log.bytes", sum.log_bytes),
        ("log.live-bytes", sum.live_bytes),
        ("index.bytes", sum.index_bytes),
        ("boxed.bytes", sum.boxed_bytes),
        ("expiry.bytes", sum.expiry_bytes),
        ("ghost.bytes", sum.ghost_bytes),
        ("garbage.bytes", sum.garbage_bytes),
        ("fixed.bytes", sum.fixed_bytes),
        ("origin.remembered-bytes", remembered as u64),
    ];
    call.out.map(rows.len());
    for (name, value) in rows {
        call.out.bulk(name.as_bytes());
        call.out.integer(i64::try_from(value).unwrap_or(i64::MAX));
    }
    Ok(())
}

fn doctor(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let sum = sums(call);
    let max = call.node.parameters.number("maxmemory").cast_unsigned();
    let text = if max == 0 {
        format!("{} bytes in use. There is no cap: set maxmemory.\n", sum.used_bytes)
    } else {
        let share = sum.used_bytes as f64 / max as f64 * 100.0;
        format!(
            "{} of {max} bytes in use, {share:.1} %. {} evicted, {} writes refused.\n",
            sum.used_bytes, sum.evicted, sum.refused
        )
    };
    call.out.verbatim(*b"txt", text.as_bytes());
    Ok(())
}

fn purge(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    call.out.ok();
    Ok(())
}

fn malloc_stats(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    call.out.bulk(b"Stats not supported for the current allocator");
    Ok(())
}
