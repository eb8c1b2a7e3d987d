//! What one name of statsd has to say at the end of an interval.

use plimsoll_metrics::MetricKind;
use plimsoll_runtime::random::Random;

use crate::format::number::js_string;

/// Gathers the samples of one name (and one set of tags) until they are told.
pub(super) struct Slot {
    /// With its namespace; a rate that is false has another.
    name: Box<str>,
    false_name: Box<str>,
    /// `|#key:value,...`, or nothing.
    tags: Box<str>,
    gathered: Gathered,
}

enum Gathered {
    Counter {
        sum: f64,
        samples: u64,
    },
    Gauge {
        value: f64,
        at: u64,
        samples: u64,
    },
    Rate {
        trues: u64,
        falses: u64,
    },
    /// Every sample has the same chance to be among `kept`.
    Trend {
        kept: Vec<f64>,
        samples: u64,
    },
}

/// Lines that may not be parted, and the samples that they stand for.
pub(super) struct Told<'a> {
    pub(super) lines: &'a str,
    pub(super) points: u64,
}

impl Slot {
    pub(super) fn new(name: String, false_name: String, tags: String, kind: MetricKind) -> Slot {
        let gathered = match kind {
            MetricKind::Counter => Gathered::Counter { sum: 0.0, samples: 0 },
            MetricKind::Gauge => Gathered::Gauge { value: 0.0, at: 0, samples: 0 },
            MetricKind::Rate => Gathered::Rate { trues: 0, falses: 0 },
            MetricKind::Trend => Gathered::Trend { kept: Vec::new(), samples: 0 },
        };
        Slot { name: name.into(), false_name: false_name.into(), tags: tags.into(), gathered }
    }

    /// `trend_limit`: samples of a trend that are kept.
    pub(super) fn add(&mut self, value: f64, at: u64, trend_limit: usize, random: &mut Random) {
        match &mut self.gathered {
            Gathered::Counter { sum, samples } => {
                *sum += value;
                *samples += 1;
            }
            Gathered::Gauge { value: newest, at: newest_at, samples } => {
                if *samples == 0 || at >= *newest_at {
                    (*newest, *newest_at) = (value, at);
                }
                *samples += 1;
            }
            Gathered::Rate { trues, .. } if value != 0.0 => *trues += 1,
            Gathered::Rate { falses, .. } => *falses += 1,
            Gathered::Trend { kept, samples } => {
                *samples += 1;
                if kept.len() < trend_limit {
                    return kept.push(value);
                }
                // Vitter's algorithm R.
                let seen = usize::try_from(*samples).unwrap_or(usize::MAX);
                if let Some(place) = kept.get_mut(random.below(seen)) {
                    *place = value;
                }
            }
        }
    }

    /// Tells what was gathered since the last time, in `line`'s memory.
    pub(super) fn tell(&mut self, line: &mut String, mut tell: impl FnMut(Told)) {
        let (name, false_name, tags) = (&self.name, &self.false_name, &self.tags);
        let mut say = |text: &dyn Fn(&mut String), points: u64| {
            line.clear();
            text(line);
            tell(Told { lines: line, points });
        };
        match &mut self.gathered {
            Gathered::Counter { samples: 0, .. } | Gathered::Gauge { samples: 0, .. } => {}
            Gathered::Counter { sum, samples } => {
                let (sum, samples) = (std::mem::take(sum), std::mem::take(samples));
                say(&|text| push(text, name, sum, "c", tags), samples);
            }
            Gathered::Gauge { value, samples, .. } => {
                let (value, samples) = (*value, std::mem::take(samples));
                let gauge = |text: &mut String| {
                    // A sign means a difference, so that a negative value has to start from 0.
                    if value < 0.0 {
                        push(text, name, 0.0, "g", tags);
                        text.push('\n');
                    }
                    push(text, name, value, "g", tags);
                };
                say(&gauge, samples);
            }
            Gathered::Rate { trues, falses } => {
                for (count, name) in [(trues, name), (falses, false_name)] {
                    let count = std::mem::take(count);
                    if count > 0 {
                        say(&|text| push(text, name, count as f64, "c", tags), count);
                    }
                }
            }
            Gathered::Trend { kept, samples } => {
                let (told, samples) = (kept.len() as u64, std::mem::take(samples));
                let rate = match told == samples {
                    true => String::new(),
                    false => format!("|@{}", js_string(told as f64 / samples as f64)),
                };
                let mut rest = samples;
                for (at, value) in kept.drain(..).enumerate() {
                    let points = rest / (told - at as u64);
                    rest -= points;
                    let line = |text: &mut String| {
                        push(text, name, value, "ms", "");
                        text.push_str(&rate);
                        text.push_str(tags);
                    };
                    say(&line, points);
                }
            }
        }
    }
}

fn push(text: &mut String, name: &str, value: f64, kind: &str, tags: &str) {
    text.push_str(name);
    text.push(':');
    // Without an exponent, which not every server reads.
    text.push_str(&format!("{value}"));
    text.push('|');
    text.push_str(kind);
    text.push_str(tags);
}
