//! Resident memory beside the cap, after a churn of values of mixed sizes that drift.

use anyhow::Result;

use super::{
    bench::{Bench, Server, float},
    client::Client,
    requests::{Protocol, key, mixed},
};

const CAP_MB: u64 = 512;
/// Several times what the cap holds.
const WRITES: u64 = 4_000_000;
/// Keys that are written over and over.
const KEYS: u64 = WRITES / 4;
const LONGEST: usize = 200_000;

pub(super) fn run(bench: &Bench<'_>) -> Result<()> {
    println!("  cap of {CAP_MB} MB, {WRITES} writes of 1 byte to {} KB", LONGEST / 1_000);
    println!(
        "  {:<14} {:>12} {:>12} {:>22} {:>10} {:>9}",
        "", "RSS / cap", "peak / cap", "RSS less empty / cap", "items", "refused"
    );
    let cap = format!("{CAP_MB}mb");
    let ours = bench.ours(&["--maxmemory", &cap, "--policy", "allkeys-lru"])?;
    churn(&ours)?;
    drop(ours);
    let redis = bench.redis(&["--maxmemory", &cap, "--maxmemory-policy", "allkeys-lru"])?;
    churn(&redis)?;
    drop(redis);
    churn(&bench.memcached(&["-m", &CAP_MB.to_string()])?)?;
    println!("  {:<14} {:>12}", "asked of ours", "1.05");
    Ok(())
}

fn churn(server: &Server) -> Result<()> {
    let (empty, _) = server.settled()?;
    let mut client = Client::connect(server)?;
    let payload = vec![b'v'; LONGEST];
    for number in 0..WRITES {
        let value = payload.get(..length(number)).unwrap_or(&payload);
        client.store(&key(mixed(number ^ 0x5555) % KEYS), value, None)?;
    }
    client.finish()?;
    let (resident, peak) = server.settled()?;
    let of_cap = |bytes: u64| float(bytes) / float(CAP_MB << 20);
    let items = match client.protocol {
        Protocol::Resp => client.number(&[b"DBSIZE"])?.to_string(),
        Protocol::Memcached => "-".to_owned(),
    };
    println!(
        "  {:<14} {:>12.3} {:>12.3} {:>22.3} {items:>10} {:>9}",
        server.name(),
        of_cap(resident),
        of_cap(peak),
        of_cap(resident.saturating_sub(empty)),
        client.refused,
    );
    Ok(())
}

/// Of the value of a write. The mix drifts, so that what fitted before does not fit any more.
fn length(number: u64) -> usize {
    let chance = mixed(number) % 1_000;
    let scale = 1 + number * 8 / WRITES % 4;
    let length = match chance {
        0 => 100_000 * scale.min(2),
        1..20 => 5_000 * scale,
        20..200 => 300 * scale,
        other => other / 8 * scale,
    };
    usize::try_from(length).unwrap_or(LONGEST).clamp(1, LONGEST)
}
