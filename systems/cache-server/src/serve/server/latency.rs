//! LATENCY.

use super::{Handlers, ServerCall};
use crate::{
    commands::{Flags, Group, KeyRule, Outcome, Spec},
    serve::{locked, telemetry::latency::Event},
};

const ADMIN: Flags = Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::LOADING).and(Flags::STALE);
const NONE: KeyRule = KeyRule::None;
const GROUP: Group = Group::Server;

#[rustfmt::skip]
pub(crate) const TABLE: &[Spec] = &[
    Spec::server("latency", -2, Flags::NONE, NONE, GROUP, "A container for what took longer than latency-monitor-threshold.").since("2.8.13").containing(LATENCY),
];

#[rustfmt::skip]
const LATENCY: &[Spec] = &[
    Spec::server("latency|latest", 2, ADMIN, NONE, GROUP, "Gives the last slow second of each event.").since("2.8.13"),
    Spec::server("latency|history", 3, ADMIN, NONE, GROUP, "Gives the slow seconds of an event.").since("2.8.13"),
    Spec::server("latency|reset", -2, ADMIN, NONE, GROUP, "Forgets events.").since("2.8.13"),
    Spec::server("latency|doctor", 2, ADMIN, NONE, GROUP, "Tells of the events in words.").since("2.8.13"),
    Spec::server("latency|help", 2, Flags::LOADING.and(Flags::STALE), NONE, GROUP, "Lists the subcommands.").since("2.8.13"),
];

pub(super) const HANDLERS: Handlers = &[
    ("latency|latest", latest),
    ("latency|history", history),
    ("latency|reset", reset),
    ("latency|doctor", doctor),
];

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn latest(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let latencies = locked(&call.node.latencies);
    let last = |(event, history): (Event, &crate::serve::telemetry::latency::History)| {
        Some((event, *history.samples.back()?, history.max))
    };
    let rows: Vec<_> = latencies.events().filter_map(last).collect();
    call.out.array(rows.len());
    for (event, sample, max) in rows {
        call.out.array(4);
        call.out.bulk(event.name().as_bytes());
        call.out.integer(number(sample.second));
        call.out.integer(number(sample.millis));
        call.out.integer(number(max));
    }
    Ok(())
}

fn history(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let event = Event::by_name(call.argument(2)?);
    let latencies = locked(&call.node.latencies);
    let history = event.and_then(|event| latencies.history(event));
    let samples = history.map_or(&[][..], |history| history.samples.as_slices().0);
    let rest = history.map_or(&[][..], |history| history.samples.as_slices().1);
    call.out.array(samples.len() + rest.len());
    for sample in samples.iter().chain(rest) {
        call.out.array(2);
        call.out.integer(number(sample.second));
        call.out.integer(number(sample.millis));
    }
    Ok(())
}

fn reset(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let named: Vec<Event> = call.arguments.iter().skip(2).filter_map(Event::by_name).collect();
    let is_for_all = call.arguments.len() == 2;
    let count = if is_for_all || !named.is_empty() {
        locked(&call.node.latencies).reset(&named)
    } else {
        0
    };
    call.out.count(count);
    Ok(())
}

fn doctor(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let threshold = call.node.parameters.number("latency-monitor-threshold");
    let latencies = locked(&call.node.latencies);
    let mut text = if threshold == 0 {
        "Nothing is watched: set latency-monitor-threshold to some milliseconds.\n".to_owned()
    } else {
        format!("Watched: whatever takes {threshold} ms or longer.\n")
    };
    for (event, history) in latencies.events() {
        let seconds = history.samples.len();
        let line = format!("{}: {seconds} slow seconds, worst {} ms\n", event.name(), history.max);
        text.push_str(&line);
    }
    call.out.verbatim(*b"txt", text.as_bytes());
    Ok(())
}
