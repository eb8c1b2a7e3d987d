//! Hit ratios with room for a tenth of the objects: in as many items, and in as much memory.

use super::{
    Outcome, Settings,
    caches::{self, Candidate, NAMES},
    memory::Overheads,
    trace::{KEY_BYTES, VALUE_BYTES, key, trace},
};

pub(super) fn run(settings: &Settings, overheads: &Overheads) -> Outcome {
    let items = settings.objects as usize / 10;
    let bytes = caches::bytes_for(items);
    let same = [items; NAMES.len()];
    let fitting = overheads.map(|overhead| {
        let own = (KEY_BYTES + VALUE_BYTES) as f64;
        (items as f64 * (own + overheads[0]) / (own + overhead)) as usize
    });
    println!(
        "\nhit ratios, {} objects, {} requests, the second half counted",
        settings.objects, settings.requests
    );
    print_row("", "as many items each", "as much memory each");
    print_row("trace", &names(), &names());
    print_row(
        "items",
        &cells(same, |items| items.to_string()),
        &cells(fitting, |items| items.to_string()),
    );
    for scans in [false, true] {
        for skew in [0.7, 0.8, 0.9, 1.0, 1.1] {
            let trace = trace(settings.objects, settings.requests, skew, scans);
            let name = format!("{} {skew:.1}", if scans { "scans" } else { "zipf" });
            let row = |items: [usize; NAMES.len()]| -> Outcome<String> {
                let mut ratios = [0.0; NAMES.len()];
                for ((ratio, items), name) in ratios.iter_mut().zip(items).zip(NAMES) {
                    let cache = caches::with_room(name, items, bytes).ok_or("no such cache")?;
                    *ratio = hit_ratio(&trace, &*cache);
                }
                Ok(cells(ratios, |ratio| format!("{:.2}%", ratio * 100.0)))
            };
            print_row(&name, &row(same)?, &row(fitting)?);
        }
    }
    Ok(())
}

/// Hits among the second half of the requests: the first one warms up.
fn hit_ratio(trace: &[u32], cache: &dyn Candidate) -> f64 {
    let (first, second) = trace.split_at(trace.len() / 2);
    first.iter().for_each(|object| {
        cache.request(&key(*object));
    });
    second.iter().filter(|object| cache.request(&key(**object))).count() as f64
        / second.len() as f64
}

fn names() -> String {
    cells(NAMES, str::to_owned)
}

fn cells<T, const N: usize>(values: [T; N], show: impl Fn(T) -> String) -> String {
    values.map(|value| format!("{:>12}", show(value))).concat()
}

fn print_row(name: &str, items: &str, memory: &str) {
    println!("{name:<10} {items:>36}   {memory:>36}");
}
