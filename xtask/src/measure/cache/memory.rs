//! Bytes per item over key and value: how much resident memory grows while items are stored.

use anyhow::{Result, ensure};

use super::{
    bench::{Bench, Server, float},
    client::Client,
    requests::{Protocol, key},
};

const ITEMS: u64 = 10_000_000;
const KEY_BYTES: u64 = 16;
const VALUE: [u8; 32] = [b'v'; 32];
/// From so many items on, memory is looked at every [`STEP`] items: tables that grow by doubling or in steps
/// are not at their best everywhere.
const LOOK_FROM: u64 = 5_000_000;
const STEP: u64 = 250_000;
/// Lives differ, as they do in use, and are longer than this takes.
const LIFE_MILLIS: u64 = 3_600_000;
const LIVES_DIFFER: u64 = 60_000;

/// Of one server: bytes per item at the end, and at the worst number of items on the way.
struct Taken {
    end: f64,
    worst: f64,
}

pub(super) fn run(bench: &Bench<'_>) -> Result<()> {
    println!(
        "  bytes per item over key and value, {ITEMS} items of {KEY_BYTES} + {} bytes",
        VALUE.len()
    );
    println!("  (resident memory less that of the empty server)");
    println!(
        "  {:<14} {:>12} {:>22} {:>12} {:>22}",
        "", "without TTL", "at worst, 5 to 10 M", "with TTL", "at worst, 5 to 10 M"
    );
    type Start = fn(&Bench<'_>) -> Result<Server>;
    let starts: [Start; 3] = [
        |bench| bench.ours(&[]),
        |bench| bench.redis(&[]),
        |bench| bench.memcached(&["-m", "8192"]),
    ];
    for start in starts {
        let (name, without) = filled(&start(bench)?, false)?;
        let (_, with) = filled(&start(bench)?, true)?;
        println!(
            "  {name:<14} {:>12.1} {:>22.1} {:>12.1} {:>22.1}",
            without.end, without.worst, with.end, with.worst
        );
    }
    println!("  {:<14} {:>12} {:>22} {:>12}", "asked of ours", "24", "", "30");
    Ok(())
}

fn filled(server: &Server, has_ttl: bool) -> Result<(&'static str, Taken)> {
    let mut client = Client::connect(server)?;
    client.store(&key(0), &VALUE, None)?;
    client.finish()?;
    let (empty, _) = server.settled()?;
    let over = |resident: u64, items: u64| {
        float(resident.saturating_sub(empty)) / float(items)
            - float(KEY_BYTES)
            - float(VALUE.len() as u64)
    };
    let mut worst = f64::MIN;
    for number in 0..ITEMS {
        let millis = has_ttl.then(|| LIFE_MILLIS + number % LIVES_DIFFER);
        client.store(&key(number), &VALUE, millis)?;
        if number >= LOOK_FROM && number % STEP == 0 {
            worst = worst.max(over(server.resident()?.0, number));
        }
    }
    client.finish()?;
    ensure!(client.refused == 0, "{} refused {} writes", server.name(), client.refused);
    if client.protocol == Protocol::Resp {
        let items = client.number(&[b"DBSIZE"])?;
        ensure!(items == ITEMS, "{} holds {items} of {ITEMS} items", server.name());
    }
    let end = over(server.settled()?.0, ITEMS);
    Ok((server.name(), Taken { end, worst: worst.max(end) }))
}
