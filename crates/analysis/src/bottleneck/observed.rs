//! What is given: trials, each with the means of what was watched meanwhile.

use crate::stats::Interval;

/// One series of a monitor in one trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// As the monitor names it, or as a Prometheus page does.
    pub metric: String,
    /// `host` and what tells it from others: `process`, `cgroup`, `service`, `device` and so on.
    pub tags: Vec<(String, String)>,
    /// Of levels the mean of the samples; of amounts the increase per second.
    pub mean: f64,
    /// The highest sample; of amounts per second too.
    pub max: f64,
}

impl Signal {
    pub fn new(metric: &str, tags: &[(&str, &str)], mean: f64, max: f64) -> Signal {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Signal { metric: metric.to_owned(), tags: tags.collect(), mean, max }
    }

    /// The value of a tag.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// Whether it is about the load generator itself.
    pub(super) fn is_of_generator(&self) -> bool {
        self.tag("role") == Some("generator") || self.tag("process") == Some("generator")
    }
}

/// One valid trial, warm-up left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Per second: asked for, and ended.
    pub offered: f64,
    pub throughput: f64,
    /// Milliseconds from when each was due.
    pub latency_mean: f64,
    /// The mean number of requests that had begun and not ended.
    pub in_flight: f64,
    /// Whether the objectives were kept.
    pub kept: bool,
    /// CPU that the generator took of what it may take, 0..=1.
    pub generator: f64,
    pub signals: Vec<Signal>,
}

impl Observed {
    /// What was raised: the rate, or those who send, each of whom has one in flight.
    pub(super) fn level(&self, is_closed: bool) -> f64 {
        if is_closed { self.in_flight } else { self.offered }
    }

    /// Whether about as much ended as was asked for.
    pub(super) fn is_in_balance(&self) -> bool {
        self.throughput >= super::BALANCE * self.offered
    }
}

/// The measured capacity, per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    pub value: f64,
    pub interval: Option<Interval>,
}

/// What is known beside the trials.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    pub capacity: Option<Measured>,
    /// Cores of hosts whose cores are not watched one by one.
    pub cores: Option<f64>,
    pub links: Vec<Link>,
    /// Each sender sends the next when the last was answered: a service is busy long before it is too slow, at
    /// one throughput from then on, and trials are told apart by how many send.
    pub is_closed: bool,
}

/// How fast a network interface is, or what it is shaped to.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// `None`: of every host.
    pub host: Option<String>,
    pub interface: String,
    pub bytes_per_second: f64,
}
