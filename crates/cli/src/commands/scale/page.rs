//! The picture and the page of a sweep.

use plimsoll_analysis::scaling::{Law, Peak, Summit as Found, Validity};
use plimsoll_outputs::scale_page::{Curve, Dot, Page, Picture, Summit, Table, Tone};

use super::{
    asked::Asked,
    conclusion::{Conclusion, Entry, Verdict},
    notes,
    text::{self, Told},
    words,
};
use crate::commands::trials::figures::{length, milliseconds, number, percent};

/// Points of a drawn curve.
const STEPS: u32 = 256;

/// The curves go no further than what was measured.
pub(super) fn picture(
    conclusion: &Conclusion,
    entries: &[Entry],
    told: &Told,
    subject: &str,
) -> Picture {
    let dot = |entry: &Entry| Dot {
        n: entry.n as f64,
        throughput: entry.throughput(),
        counts: entry.counts(),
    };
    let counted = entries.iter().filter(|entry| entry.counts());
    let (first, last) =
        counted.fold((u64::MAX, 1), |(first, last), entry| (first.min(entry.n), last.max(entry.n)));
    let curve = |law: Law| {
        let (from, to) = (first.min(last) as f64, last as f64);
        let place = |step: u32| from + (to - from) * f64::from(step) / f64::from(STEPS);
        let points = (0..=STEPS).map(place).map(|n| (n, law.at(n))).collect();
        Curve { name: words::model(law.model()).to_owned(), points }
    };
    let laws = conclusion.fit.iter().flat_map(|fit| &fit.laws);
    let peak = conclusion.fit.as_ref().and_then(|fit| match fit.peak {
        Peak::Within(Found { n, throughput }) => {
            let range = n.interval?;
            let throughput = throughput.value;
            Some(Summit { n: n.value, low: range.low, high: range.high, throughput })
        }
        Peak::Beyond(_) | Peak::NotObserved => None,
    });
    Picture {
        title: format!("{subject}: {}/s over {}", told.noun, told.swept.noun()),
        x: told.swept.noun().to_owned(),
        y: format!("{}/s", told.noun),
        dots: entries.iter().map(dot).collect(),
        curves: laws.map(|candidate| curve(candidate.law)).collect(),
        peak,
    }
}

/// All of it, for a colleague.
pub(super) fn page(
    conclusion: &Conclusion,
    entries: &[Entry],
    told: &Told,
    asked: &Asked,
    subject: &str,
) -> Page {
    let sizes: Vec<String> = asked.sizes.iter().map(u64::to_string).collect();
    let noun = told.swept.noun();
    let mut parameters =
        conclusion.fit.as_ref().map(|fit| text::parameters(fit, told.swept)).unwrap_or_default();
    let mut busiest = text::busiest(conclusion, told.swept);
    busiest.head = ["size", "in use", "busiest"].map(str::to_owned).to_vec();
    parameters.head = ["figure", "value", "95 % interval", ""].map(str::to_owned).to_vec();
    Page {
        title: format!("How {subject} scales"),
        about: format!(
            "{noun} {}; {} runs of {} each in mixed order (seed {}); each sends when its last request was answered",
            sizes.join(", "),
            asked.repeats,
            length(asked.length),
            asked.seed
        ),
        tone: match conclusion.verdict {
            Verdict::Fitted => Tone::Good,
            Verdict::Invalid(_) => Tone::Bad,
            Verdict::Inconclusive(_) | Verdict::Interrupted => Tone::Warn,
        },
        verdict: words::headline(conclusion, told.swept),
        sentences: words::sentences(conclusion, told.swept),
        picture: picture(conclusion, entries, told, subject),
        parameters,
        sizes: text::sizes(conclusion, told.swept, told.noun),
        busiest,
        runs: runs(entries, told),
        notes: notes::notes(conclusion, entries, told.swept, told.is_here),
        footer: concat!("plimsoll ", env!("CARGO_PKG_VERSION"), ", plimsoll scale").to_owned(),
    }
}

fn runs(entries: &[Entry], told: &Told) -> Table {
    let rate = format!("{}/s", told.noun);
    let head = ["", told.swept.noun(), &rate, "latency", "p(99)", "failed", "own CPU", ""];
    let row = |(at, entry): (usize, &Entry)| {
        let measured = &entry.measured;
        let verdict = match &measured.validity {
            Validity::Valid if measured.little.holds() => String::new(),
            Validity::Valid => "Little's law is broken".to_owned(),
            Validity::Invalid(reason) => format!("INVALID: {reason}"),
            Validity::Failed => "nothing succeeded".to_owned(),
        };
        vec![
            (at + 1).to_string(),
            entry.n.to_string(),
            number(entry.throughput()),
            milliseconds(measured.latency.mean()),
            milliseconds(measured.latency.percentile(99.0)),
            percent(measured.failed),
            percent(entry.cpu_share),
            verdict,
        ]
    };
    let out = entries.iter().enumerate().filter(|(_, entry)| !entry.counts());
    Table {
        head: head.map(str::to_owned).to_vec(),
        rows: entries.iter().enumerate().map(row).collect(),
        left_out: out.map(|(at, _)| at).collect(),
    }
}
