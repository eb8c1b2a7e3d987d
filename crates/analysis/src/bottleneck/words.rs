//! A verdict in words for people.

use super::{
    table::{PlaceKind, Resource, Unit},
    verdict::{
        Caution, Confidence, Demand, Evidence, Named, NotIdentified, RuledOut, Subject, Verdict,
        Why,
    },
};

/// What is ruled out beyond this many is counted only.
const RULED_OUT_SHOWN: usize = 6;

/// Of a link and of memory in bytes, for people.
const MEGABYTE: f64 = 1e6;

/// The verdict, a sentence or a few to a line: what gives first, what next, what was ruled out, the
/// generator, what should be kept in mind, and what nobody watched.
pub fn words(verdict: &Verdict) -> Vec<String> {
    let mut lines = vec![match &verdict.bottleneck {
        Ok(named) => named_words(named),
        Err(why) => format!("First to give: not identified. {}.", reason(why)),
    }];
    if let Some(next) = &verdict.next {
        let start = if verdict.bottleneck.is_ok() { "Next" } else { "Nearest known limit" };
        let limit = about(next.limit.value);
        lines.push(format!("{start}: {}, at about {limit}/s.", subject(&next.subject)));
    }
    if !verdict.ruled_out.is_empty() {
        let shown = verdict.ruled_out.iter().take(RULED_OUT_SHOWN).map(ruled_out);
        let mut list = shown.collect::<Vec<_>>().join("; ");
        if let Some(more @ 1..) = verdict.ruled_out.len().checked_sub(RULED_OUT_SHOWN) {
            list.push_str(&format!("; and {more} more"));
        }
        lines.push(format!("Ruled out: {list}."));
    }
    let is_generator = matches!(verdict.bottleneck, Err(NotIdentified::Generator { .. }));
    if !is_generator && verdict.generator > 0.0 {
        lines.push(format!("Generator at {}: not the limit.", percent(verdict.generator)));
    }
    lines.extend(verdict.cautions.iter().map(caution));
    let is_sure =
        verdict.bottleneck.as_ref().is_ok_and(|named| named.confidence == Confidence::High);
    let is_of_use = !matches!(
        verdict.bottleneck,
        Err(NotIdentified::TooFew { .. } | NotIdentified::Generator { .. })
    );
    if !is_sure && is_of_use && !verdict.unobserved.is_empty() {
        lines.push(format!("Not watched: {}.", verdict.unobserved.join("; ")));
    }
    lines
}

fn named_words(named: &Named) -> String {
    let mut parts: Vec<String> = named.evidence.iter().map(evidence).collect();
    if let Some(taken) = named.demand {
        parts.push(format!("{} per request", demand(taken)));
    }
    let mut text = format!("First to give: {}: {}", subject(&named.subject), parts.join(", "));
    if let Some(limit) = named.limit {
        let (low, high) = (number(limit.interval.low), number(limit.interval.high));
        text.push_str(&format!("; its limit is {}/s ({low} to {high})", number(limit.value)));
    }
    match named.confidence {
        Confidence::High => text.push('.'),
        Confidence::Medium => text.push_str(". Fairly sure."),
        Confidence::Low => text.push_str(". Not sure."),
    }
    text
}

/// A resource with its place: "CPU of postgres (quota 0.5 core)".
pub fn subject(subject: &Subject) -> String {
    let place = &subject.place;
    let name = &place.name;
    let part = place.part.as_deref().unwrap_or_default();
    let sized = |before: &str, after: &str| match subject.size {
        Some(size) => format!(" ({before}{}{after})", number(size)),
        None => String::new(),
    };
    let cores = if subject.size == Some(1.0) { " core" } else { " cores" };
    let quota = if subject.size.is_some_and(|size| size <= 1.0) { " core" } else { " cores" };
    let speed =
        subject.size.map(|size| format!(" ({} MB/s)", number(size / MEGABYTE))).unwrap_or_default();
    match subject.resource {
        Resource::CpuQuota => format!("CPU of {name}{}", sized("quota ", quota)),
        Resource::Thread if place.kind == PlaceKind::Service => format!("main thread of {name}"),
        Resource::Thread => format!("one thread of {name} ({part})"),
        Resource::HostCpu => format!("CPU of {name}{}", sized("", cores)),
        Resource::Disk if place.kind == PlaceKind::Cgroup => {
            format!("rate limit of disk {part} of {name}")
        }
        Resource::Disk => format!("disk {part} of {name}"),
        Resource::LinkOut if place.kind == PlaceKind::Service => {
            format!("link {part} of {name}{speed}")
        }
        Resource::LinkOut => format!("link {part} of {name}, outgoing{speed}"),
        Resource::LinkIn => format!("link {part} of {name}, incoming{speed}"),
        Resource::Pool => format!("pool {part} of {name}{}", sized("size ", "")),
        Resource::Lock => format!("lock {part} of {name}"),
        Resource::Connections => format!("connections of {name}{}", sized("limit ", "")),
        Resource::FileDescriptors => format!("open files of {name}{}", sized("limit ", "")),
        Resource::ListenQueue if part.is_empty() => format!("listen queues on {name}"),
        Resource::ListenQueue => format!("listen queue of {name}, port {part}"),
        Resource::Memory => format!("memory of {name}"),
        Resource::Waits => format!("waits for {part} in {name}"),
    }
}

/// One piece of evidence: "throttled in 61 % of periods".
pub fn evidence(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Utilization { at_capacity, highest } if highest - at_capacity < 0.1 => {
            format!("busy {}", percent(*highest))
        }
        Evidence::Utilization { at_capacity, highest } => {
            format!("busy {} at the capacity, {} at most", percent(*at_capacity), percent(*highest))
        }
        Evidence::Occupied { at_capacity, highest } => {
            format!(
                "{} in use at the capacity, {} at most",
                percent(*at_capacity),
                percent(*highest)
            )
        }
        Evidence::Symptom { highest, unit, words: (before, after), .. } => {
            let value = match unit {
                Unit::Share => percent(*highest),
                Unit::Count => number(*highest),
                Unit::Milliseconds => format!("{} ms", number(*highest)),
                Unit::PerSecond => format!("{} per second", number(*highest)),
            };
            let words = [*before, &value, *after];
            words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        }
        Evidence::Taker { process, cores } => format!("{process} takes {} of them", number(*cores)),
        Evidence::AllThreads { cores } => {
            format!("its process takes {} cores with all threads", number(*cores))
        }
        Evidence::Held { base, highest } => {
            format!(
                "held for {} ms at little load and {} ms at most",
                number(*base),
                number(*highest)
            )
        }
        Evidence::AtLittleLoad { demand: taken } => {
            format!("{} per request at little load", demand(*taken))
        }
        Evidence::FirstToRise => "its queue the first to rise".to_owned(),
    }
}

/// What one request takes: "0.54 ms".
pub fn demand(demand: Demand) -> String {
    match demand {
        Demand::Milliseconds(value) => format!("{} ms", number(value)),
        Demand::Bytes(value) if value >= MEGABYTE => format!("{} MB", number(value / MEGABYTE)),
        Demand::Bytes(value) if value >= 1e3 => format!("{} kB", number(value / 1e3)),
        Demand::Bytes(value) => format!("{} bytes", number(value)),
    }
}

/// Why there is no name, without a full stop.
pub fn reason(why: &NotIdentified) -> String {
    match why {
        NotIdentified::TooFew { trials, rates } => format!(
            "{trials} valid trials at {rates} different rates are too few: 4 at 3 rates are needed"
        ),
        NotIdentified::NotReached => {
            "Every trial kept its objectives, so nothing has given way".to_owned()
        }
        NotIdentified::Generator { share } => {
            format!(
                "The generator was at {} of its CPU and may itself be the limit",
                percent(*share)
            )
        }
        NotIdentified::NothingWatched => "Nothing of the service was watched".to_owned(),
        NotIdentified::Suspected(of, highest) if is_held(of.resource) => format!(
            "{} was at {}, but whether it is too small or what it waits for is slow cannot be told",
            capital(&subject(of)),
            percent(*highest)
        ),
        NotIdentified::Suspected(of, highest) => format!(
            "{} was at {}, but neither its limit nor a queue fits the capacity",
            capital(&subject(of)),
            percent(*highest)
        ),
        NotIdentified::BehindAPool(of) => format!(
            "{} was full since each was held longer and longer; what it waited for is not among what \
             was watched",
            capital(&subject(of))
        ),
        NotIdentified::HeldBack { process, waiting } => format!(
            "{} threads of {process} could run and did not, while cores were idle: as under a CPU quota \
             or bound to few cores. Watch its cgroup",
            number(*waiting)
        ),
        NotIdentified::Waiting { serial } => {
            let text = "Requests waited while nothing that was watched was busy: for a lock, a pool or \
                        a sleep inside the service, or for something not watched";
            match serial {
                Some(process) => format!(
                    "{text}. {process} took one core in all, spread over its threads, as when a lock \
                     lets one of them run at a time"
                ),
                None => text.to_owned(),
            }
        }
    }
}

/// Whether it is full also when what is behind it is slow.
fn is_held(resource: Resource) -> bool {
    use Resource::{Connections, FileDescriptors, Lock, Pool};
    matches!(resource, Pool | Lock | Connections | FileDescriptors)
}

/// A resource, and in brackets why it is not the limit.
pub fn ruled_out(out: &RuledOut) -> String {
    let name = subject(&out.subject);
    match out.why {
        Why::Idle { highest } => format!("{name} ({} at most)", percent(highest)),
        Why::Unrelated { highest } => {
            format!("{name} ({} at most, not rising with the load)", percent(highest))
        }
        Why::Later { limit } => format!("{name} (lasts to about {}/s)", about(limit)),
        Why::NotBinding { highest } => {
            format!("{name} (at {} already while throughput still rose)", percent(highest))
        }
        Why::Echo { base, highest } => format!(
            "{name} (full since each was held {} ms instead of {} ms)",
            number(highest),
            number(base)
        ),
        Why::Quiet => format!("{name} (no sign of it)"),
        Why::Behind { highest } => {
            format!("{name} ({}, with less to speak for it)", percent(highest))
        }
    }
}

/// A sentence.
pub fn caution(about: &Caution) -> String {
    match about {
        Caution::SharedHost { host, generator_cores, cores } => format!(
            "Caution: the generator takes {} of the {} cores of {host} itself; alone, the service \
             would have more.",
            number(*generator_cores),
            number(*cores)
        ),
        Caution::Stolen { host, share } => {
            format!("Caution: the hypervisor took {} of the CPU of {host}.", percent(*share))
        }
        Caution::Inseparable(other) => {
            format!("Caution: {} gives at about the same rate.", subject(other))
        }
    }
}

/// Of what may be read a little above all of it.
fn percent(share: f64) -> String {
    let percent = share.min(1.0) * 100.0;
    match percent {
        0.05..10.0 => format!("{percent:.1} %"),
        _ => format!("{percent:.0} %"),
    }
}

/// Three digits that matter, thousands set apart.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "unlimited".to_owned();
    }
    let size = value.abs();
    if size >= 99.95 {
        return grouped(value.round());
    }
    let text = match size {
        0.0 => return "0".to_owned(),
        0.0..0.0995 => format!("{value:.4}"),
        0.0..9.995 => format!("{value:.2}"),
        _ => format!("{value:.1}"),
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Two digits that matter.
fn about(value: f64) -> String {
    if !value.is_finite() || value <= 0.0 {
        return number(value);
    }
    let unit = 10_f64.powf(value.log10().floor() - 1.0);
    number((value / unit).round() * unit)
}

fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = if value < 0.0 { "-".to_owned() } else { String::new() };
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}
