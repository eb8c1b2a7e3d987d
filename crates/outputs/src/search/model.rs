//! What a page or a report shows of a search.

use serde::Serialize;

/// All of it. A `rate` is a level of what the search raises, which mostly is a rate; throughput and limits are
/// per second. Times are in milliseconds where the name says so, else in seconds; shares from 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Search {
    /// What was searched: a URL, a script.
    pub target: String,
    /// What is sent: `requests`.
    pub noun: String,
    pub level: Level,
    pub objectives: Vec<Objective>,
    pub answer: Answer,
    pub capacity: Option<Capacity>,
    pub goal: Option<Goal>,
    /// The lowest rate above the capacity at which the objectives were not kept.
    pub first_failing: Option<f64>,
    pub first: Option<Named>,
    /// Why there is no name for what gives first.
    pub not_identified: Option<String>,
    pub next: Option<Next>,
    /// Sentences.
    pub ruled_out: Vec<String>,
    pub cautions: Vec<String>,
    pub not_watched: Vec<String>,
    /// What was done so that the answer can be trusted: restarts, calibration, an intervention.
    pub notes: Vec<String>,
    /// A sentence on whether the generator was the limit, and the most that it used of its CPU.
    pub generator: Option<(String, f64)>,
    pub trials: Vec<Trial>,
    /// What was changed for a while to see whether capacity follows, and the trials meanwhile.
    pub intervention: Option<Intervention>,
    /// What was watched and has a limit, what gives first in front.
    pub resources: Vec<Resource>,
    /// While it goes on.
    pub progress: Option<Progress>,
    /// What it was done with: names and values.
    pub conditions: Vec<(String, String)>,
}

/// What the search raises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Level {
    /// `requests/s`, `VUs`
    pub name: String,
    /// After a number: `/s`, ` VUs`.
    pub suffix: String,
    /// Whether it is requests per second, as predicted limits are.
    pub is_rate: bool,
}

impl Default for Level {
    fn default() -> Level {
        Level { name: "requests/s".to_owned(), suffix: "/s".to_owned(), is_rate: true }
    }
}

/// An objective and its limit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Objective {
    /// As written: `p(99)<200ms`.
    pub text: String,
    /// What is limited: `p(99)`.
    pub name: String,
    /// In the unit.
    pub limit: f64,
    pub unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Unit {
    #[serde(rename = "ms")]
    Milliseconds,
    #[serde(rename = "share")]
    Share,
}

/// The verdict in words.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Answer {
    pub tone: Tone,
    /// Some words for a label: `found`.
    pub label: String,
    /// One sentence that needs no other.
    pub headline: String,
    /// Sentences that follow.
    pub details: Vec<String>,
}

/// How good the news is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    Ok,
    Bad,
    Warn,
    #[default]
    Going,
}

/// The highest rate that was kept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Capacity {
    pub value: f64,
    /// At 95 %.
    pub interval: Option<(f64, f64)>,
    /// Confirmations that kept the objectives, of how many.
    pub confirmations: (usize, usize),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Goal {
    pub rate: f64,
    pub reached: Option<bool>,
    /// The sentence.
    pub words: String,
}

/// A predicted limit, at 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Limit {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// What gives first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Named {
    pub words: String,
    /// Pieces: `throttled in 61 % of periods`.
    pub evidence: Vec<String>,
    /// `2.1 ms`
    pub demand: Option<String>,
    pub limit: Option<Limit>,
    /// `high`, `medium` or `low`.
    pub confidence: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Next {
    pub words: String,
    pub limit: Limit,
}

/// What a trial showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Verdict {
    #[serde(rename = "kept")]
    Kept,
    #[serde(rename = "not kept")]
    NotKept,
    #[serde(rename = "unclear")]
    Unclear,
    #[serde(rename = "invalid")]
    Invalid,
}

impl Verdict {
    /// As JSON has it, and people.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Kept => "kept",
            Verdict::NotKept => "not kept",
            Verdict::Unclear => "unclear",
            Verdict::Invalid => "invalid",
        }
    }
}

/// One stretch of load at one rate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trial {
    /// What it was for: `confirm`.
    pub phase: String,
    pub rate: f64,
    /// Seconds of the search.
    pub start: f64,
    pub end: f64,
    pub verdict: Verdict,
    /// Why, with the figure that decided.
    pub words: String,
    /// Ended per second.
    pub throughput: Option<f64>,
    pub mean_ms: Option<f64>,
    /// Percentiles 50, 90, 95, 99 and the greatest, where they are known.
    pub percentiles_ms: Option<[f64; 5]>,
    pub errors: Option<f64>,
    /// Of the objectives, in their order.
    pub figures: Vec<Figure>,
    pub in_flight: Option<f64>,
    /// How far `in_flight` is from what Little's law says, as a share.
    pub little_gap: Option<f64>,
    pub generator_cpu: Option<f64>,
    /// What was known after it: the highest rate that was kept, the lowest that was not.
    pub bracket: Side,
}

/// Trials of a service that was another one meanwhile: no part of the load line.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Intervention {
    /// What was changed: `quota 0.25 -> 0.31`.
    pub words: String,
    pub trials: Vec<Trial>,
}

/// The two sides of what is not known yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Side {
    pub low: Option<f64>,
    pub high: Option<f64>,
}

/// An objective in one trial.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figure {
    pub value: f64,
    /// None when it is not sure.
    pub kept: Option<bool>,
}

/// How much of a resource was in use.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Resource {
    pub words: String,
    pub role: Role,
    pub limit: Option<Limit>,
    /// A share for each of the trials, in their order.
    pub shares: Vec<Option<f64>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    First,
    Next,
    Other,
}

/// A search under way.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Progress {
    /// In words: `confirming`.
    pub phase: String,
    /// Since it began.
    pub phase_s: f64,
    pub elapsed_s: f64,
    pub budget_s: f64,
    pub now: Option<Now>,
}

/// The trial that goes on.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Now {
    pub phase: String,
    /// It is none of those that the answer is made of: of another target, or of a service that was changed.
    pub is_aside: bool,
    pub rate: f64,
    pub length_s: f64,
    pub seconds: Vec<Second>,
}

/// One of its seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Second {
    pub done: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub in_flight: f64,
}
