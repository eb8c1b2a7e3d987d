//! Watched things in words.

use super::{Kind, Level, Thing, Things, Trouble};
use crate::format::{bytes, duration, number::to_fixed};

impl Thing {
    /// `port:8080`, `host app1`; with its host where several are watched.
    pub fn label(&self, several_hosts: bool) -> String {
        match self.kind {
            Kind::Host => format!("host {}", self.name),
            Kind::Process if !several_hosts => self.name.clone(),
            Kind::Process => format!("{} on {}", self.name, self.host),
            Kind::Cgroup if !several_hosts => format!("cgroup {}", self.name),
            Kind::Cgroup => format!("cgroup {} on {}", self.name, self.host),
            Kind::Generator => self.name.clone(),
        }
    }

    /// `0.83 cores`, of a host `43 %`.
    pub fn cpu_text(&self, value: f64) -> String {
        match self.kind {
            Kind::Host => format!("{} %", to_fixed(value * 100.0, 0)),
            _ => format!("{} cores", to_fixed(value, 2)),
        }
    }

    /// What went wrong, each in a few words.
    fn troubles(&self) -> impl Iterator<Item = String> + '_ {
        Trouble::ALL.into_iter().filter_map(|trouble| {
            let amount = self.trouble(trouble);
            // A drop for want of room in the queue is counted as both.
            let is_told =
                trouble == Trouble::ListenDrops && amount <= self.trouble(Trouble::ListenOverflows);
            (amount > 0.0 && !is_told).then(|| match trouble {
                Trouble::Throttled => {
                    format!("throttled for {}", duration::humanize(amount * 1e3, None))
                }
                Trouble::OomKills => format!("OOM kills: {amount}"),
                Trouble::ListenOverflows => format!("listen overflows: {amount}"),
                Trouble::ListenDrops => format!("listen drops: {amount}"),
                Trouble::Retransmits => format!("retransmits: {amount}"),
            })
        })
    }
}

impl Things {
    /// Whether things of more than one host are watched.
    pub fn has_several_hosts(&self) -> bool {
        let mut hosts = self.things.iter().map(|thing| &thing.host);
        hosts.next().is_some_and(|first| hosts.any(|host| host != first))
    }
}

/// CPU and memory of all now, in one line; empty when there are none.
pub fn line(things: &Things) -> String {
    let several = things.has_several_hosts();
    let part = |thing: &&Thing| {
        let label = thing.label(several);
        if thing.is_gone() {
            return Some(format!("{label} gone"));
        }
        let cpu = thing.cpu.last().map(|value| format!("CPU {}", thing.cpu_text(value)));
        let memory = thing.memory.last().map(|value| format!("memory {}", bytes::humanize(value)));
        let parts: Vec<String> = cpu.into_iter().chain(memory).collect();
        (!parts.is_empty()).then(|| format!("{label} {}", parts.join(", ")))
    };
    let parts: Vec<String> = things.list().iter().filter_map(part).collect();
    if parts.is_empty() { String::new() } else { format!("watched: {}", parts.join("; ")) }
}

/// A table of what all did over the whole run, a line each: mean and greatest CPU, greatest memory, and
/// what went wrong.
pub fn summary(things: &Things) -> Vec<String> {
    let several = things.has_several_hosts();
    let row = |thing: &&Thing| {
        let of = |level: &Level, text: &dyn Fn(f64) -> String| {
            let (mean, max) = (level.mean()?, level.max()?);
            Some((text(mean), text(max)))
        };
        let cpu = of(&thing.cpu, &|value| thing.cpu_text(value))
            .map(|(mean, max)| format!("CPU avg={mean} max={max}"));
        let memory = of(&thing.memory, &bytes::humanize).map(|(_, max)| {
            let limit = thing.memory_limit.filter(|limit| *limit > 0.0);
            let of = limit.map(|limit| format!(" of {}", bytes::humanize(limit)));
            format!("memory max={max}{}", of.unwrap_or_default())
        });
        let troubles: Vec<String> = thing.troubles().collect();
        [
            thing.label(several),
            cpu.unwrap_or_default(),
            memory.unwrap_or_default(),
            troubles.join(", "),
        ]
    };
    let rows: Vec<[String; 4]> = things.list().iter().map(row).collect();
    let width = |column: usize| {
        let texts = rows.iter().filter_map(|row| row.get(column));
        texts.map(|text| text.chars().count()).max().unwrap_or(0)
    };
    let (name, cpu, memory) = (width(0) + 3, width(1), width(2));
    let line = |[label, cpu_text, memory_text, troubles]: &[String; 4]| {
        let dots = ".".repeat(name.saturating_sub(label.chars().count()));
        let text = format!("{label}{dots}: {cpu_text:cpu$}  {memory_text:memory$}  {troubles}");
        text.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}
