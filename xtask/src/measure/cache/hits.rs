//! Hit ratios over RESP with a tenth of the working set's bytes, beside redis-server's and beside plain
//! simulations. An example of the cache's crate makes the traces, replays them and simulates.

use anyhow::Result;

use super::bench::Bench;

/// Objects, and requests of one trace, of which the first half warms up.
const OBJECTS: &str = "200000";
const REQUESTS: &str = "2000000";

pub(super) fn run(bench: &Bench<'_>) -> Result<()> {
    let ours = bench.ours(&["--policy", "allkeys-lru"])?;
    let lru = bench.redis(&["--maxmemory-policy", "allkeys-lru"])?;
    let lfu = bench.redis(&["--maxmemory-policy", "allkeys-lfu"])?;
    let mut command = Bench::example("hit_ratio");
    command.args([OBJECTS, REQUESTS]);
    for (name, server) in [("plimsoll", &ours), ("allkeys-lru", &lru), ("allkeys-lfu", &lfu)] {
        command.arg(format!("{name}={}", server.port()));
    }
    crate::command::run(&mut command)
}
