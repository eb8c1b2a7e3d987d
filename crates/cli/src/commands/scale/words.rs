//! What a sweep says, in sentences.

use plimsoll_analysis::scaling::{Estimate, Fit, Law, Model, Peak, Summit};

use super::{
    asked::Swept,
    conclusion::{Conclusion, Verdict},
};
use crate::commands::trials::figures::{number, percent, rate};

/// A law with so little of all belief is hardly the right one.
const WEIGHT_MIN: f64 = 0.1;

pub(super) fn model(model: Model) -> &'static str {
    match model {
        Model::Linear => "a straight line",
        Model::Flat => "a line that ends flat",
        Model::Usl => "the scalability law",
    }
}

/// The one line that somebody reads who reads only one.
pub(super) fn headline(conclusion: &Conclusion, swept: Swept) -> String {
    let known = || conclusion.fit.as_ref().map(|fit| growth(fit, conclusion, swept));
    match &conclusion.verdict {
        Verdict::Fitted => known().unwrap_or_default(),
        Verdict::Invalid(reason) => format!("INVALID: {reason}; nothing is known of the service"),
        Verdict::Inconclusive(reason) => format!("not sure: {reason}"),
        Verdict::Interrupted => match known() {
            Some(known) => format!("interrupted; so far: {known}"),
            None => "interrupted before a law could be fitted".to_owned(),
        },
    }
}

fn growth(fit: &Fit, conclusion: &Conclusion, swept: Swept) -> String {
    let counted = conclusion.sizes.iter().rfind(|size| size.throughput.is_some());
    let most = counted.map_or(1, |size| size.n) as f64;
    let best = fit.laws.first().map(|candidate| candidate.law);
    match (fit.peak, best) {
        (Peak::Within(Summit { n, throughput }), _) => {
            format!("peak at {}: {}", swept.count(n.value.round()), rate(throughput.value))
        }
        (_, Some(Law::Flat { lambda, limit })) => {
            let knee = limit / lambda;
            format!(
                "no peak: throughput rises to {} at about {} and stays there",
                rate(limit),
                swept.count(knee.round().max(1.0))
            )
        }
        (_, Some(Law::Linear { lambda })) => {
            let one = swept.noun().trim_end_matches('s');
            format!(
                "no peak observed: each {one} adds {} up to {}",
                rate(lambda),
                swept.count(most)
            )
        }
        (Peak::Beyond(_), _) => format!("no peak observed up to {}", swept.count(most)),
        _ => format!("no peak observed: throughput still rises at {}", swept.count(most)),
    }
}

/// Which law fits, and what its figures mean.
pub(super) fn sentences(conclusion: &Conclusion, swept: Swept) -> Vec<String> {
    let Some(fit) = conclusion.fit.as_ref().filter(|fit| fit.is_lawful) else { return Vec::new() };
    let mut sentences = Vec::new();
    match fit.peak {
        Peak::Within(peak) => {
            let most = conclusion.sizes.iter().rfind(|size| size.throughput.is_some());
            let ends = most.and_then(|size| Some((size.n, size.throughput?)));
            // Close to the end of the sweep it can hardly be seen.
            let less = ends.filter(|(_, [throughput, ..])| *throughput < peak.throughput.value);
            sentences.extend(less.map(|(n, [throughput, ..])| {
                let size = swept.count(n as f64);
                format!("beyond it more make it less: {} at {size}", rate(throughput))
            }));
        }
        Peak::Beyond(Summit { n, .. }) => sentences.push(format!(
            "if the law goes on, the peak lies outside the sweep, at about {}{}: nobody has looked there",
            swept.count(n.value.round()),
            between(n, |n| number(n.round()))
        )),
        Peak::NotObserved => {}
    }
    sentences.push(best(fit));
    if let Some(ceiling) = fit.ceiling {
        sentences.push(format!(
            "contention alone allows no more than about {}{}, however many",
            rate(ceiling.value),
            between(ceiling, number)
        ));
    }
    if fit.laws.first().is_some_and(|best| best.law.model() == Model::Flat) {
        sentences.push(
            "something ends throughput at a fixed level (a pool, a quota, a core): contention and \
             coherency describe a bend that is not there"
                .to_owned(),
        );
    }
    sentences
}

fn best(fit: &Fit) -> String {
    let Some((best, others)) = fit.laws.split_first() else { return String::new() };
    if !fit.is_told {
        let name = model(best.law.model());
        return format!(
            "so few runs cannot tell the laws from each other; {name} is the simplest guess"
        );
    }
    let rivals: Vec<String> = others
        .iter()
        .filter(|other| other.weight >= WEIGHT_MIN)
        .map(|other| format!("{} ({})", model(other.law.model()), percent(other.weight)))
        .collect();
    let name = model(best.law.model());
    if rivals.is_empty() {
        return format!("of three laws {name} fits best, clearly");
    }
    let rivals = rivals.join(" and ");
    format!("{name} fits best ({}), and not excluded is {rivals}", percent(best.weight))
}

/// ` (31 to 39)`, or nothing.
pub(super) fn between(estimate: Estimate, written: impl Fn(f64) -> String) -> String {
    let range = estimate.interval.map(|range| {
        let high = if range.high > 1e15 { "any".to_owned() } else { written(range.high) };
        format!(" ({} to {high})", written(range.low))
    });
    range.unwrap_or_default()
}

/// Name, figure, interval, meaning.
pub(super) fn parameters(fit: &Fit, swept: Swept) -> Vec<[String; 4]> {
    let usl = fit.usl;
    let row = |name: &str, estimate: Estimate, written: fn(f64) -> String, meaning: String| {
        let range = between(estimate, written).trim_matches([' ', '(', ')']).to_owned();
        [name.to_owned(), written(estimate.value), range, meaning]
    };
    let is_above_zero = |estimate: Estimate| estimate.interval.is_some_and(|range| range.low > 0.0);
    let fits = fit.laws.first().is_none_or(|best| best.law.model() == Model::Usl);
    let contention = if !fits {
        "of a law that does not fit best"
    } else if is_above_zero(usl.sigma) {
        "the share of the work that only one does at a time"
    } else {
        "cannot be told from none"
    };
    let coherency = if !fits {
        "likewise"
    } else if is_above_zero(usl.kappa) {
        "what each pair costs to agree; it makes a peak"
    } else {
        "cannot be told from none: no peak follows"
    };
    let mut rows = vec![
        row("gamma", usl.lambda, rate, format!("throughput at {}", swept.count(1.0))),
        row("contention (sigma)", usl.sigma, percent, contention.to_owned()),
        row("coherency (kappa)", usl.kappa, fine, coherency.to_owned()),
    ];
    if let Peak::Within(Summit { n, throughput }) = fit.peak {
        rows.push(row("peak at", n, |n| number(n.round()), swept.noun().to_owned()));
        rows.push(row("peak throughput", throughput, rate, "of the curve there".to_owned()));
    } else {
        let outside = matches!(fit.peak, Peak::Beyond(_));
        let why = if outside { "it lies outside the sweep" } else { "" };
        rows.push(["peak".into(), "not observed".into(), String::new(), why.into()]);
    }
    for candidate in &fit.laws {
        let meaning = format!(
            "R² {:.2}, weight {} (AICc {:.1})",
            candidate.r_squared,
            percent(if candidate.weight < 0.001 { 0.0 } else { candidate.weight }),
            candidate.aicc
        );
        rows.push([
            model(candidate.law.model()).to_owned(),
            law(candidate.law),
            String::new(),
            meaning,
        ]);
    }
    rows
}

fn law(law: Law) -> String {
    match law {
        Law::Linear { lambda } => format!("{} each", rate(lambda)),
        Law::Flat { lambda, limit } => {
            format!("{} from {} on", rate(limit), number(limit / lambda))
        }
        Law::Usl { .. } => "as above".to_owned(),
    }
}

/// A share that is small, with three digits: of pairs there are many.
fn fine(share: f64) -> String {
    let percent = share * 100.0;
    if percent <= 0.0 {
        return "0 %".to_owned();
    }
    let decimals = (2.0 - percent.log10().floor()).clamp(0.0, 9.0) as usize;
    format!("{percent:.decimals$} %")
}

#[cfg(test)]
mod tests {
    use plimsoll_analysis::scaling::Validity;

    use super::{
        super::conclusion::{
            Entry,
            tests::{entry, sweep},
        },
        *,
    };

    #[test]
    fn a_peak_is_told_with_its_place() {
        let found = Conclusion::new(&sweep(), 1, false);
        let line = headline(&found, Swept::Connections);
        assert!(line.starts_with("peak at 15 connections: ") && line.ends_with("/s"), "{line}");
        let fit = found.fit.as_ref().unwrap();
        let said = sentences(&found, Swept::Connections).join("\n");
        assert!(said.contains("the scalability law fits best, clearly"), "{said}");
        assert!(said.contains("more make it less") && said.contains("at 32 connections"), "{said}");
        let rows = parameters(fit, Swept::Connections);
        assert!(rows.iter().any(|[name, ..]| name == "peak throughput"), "{rows:?}");
    }

    #[test]
    fn small_shares_have_three_digits() {
        let found = [0.0, 0.002_895_4, 0.000_01, 0.0135, 0.25, 1e-9].map(fine);
        assert_eq!(found, ["0 %", "0.290 %", "0.00100 %", "1.35 %", "25.0 %", "0.000000100 %"]);
    }

    #[test]
    fn what_has_no_peak_is_not_given_one() {
        let runs = |law: fn(f64) -> f64| -> Vec<Entry> {
            let sizes = [1_u64, 2, 4, 8, 16, 32].iter();
            let repeats = |n: &u64| {
                let n = *n;
                [0.99, 1.0, 1.012].map(|off| entry(n, law(n as f64) * off, Validity::Valid))
            };
            sizes.flat_map(repeats).collect()
        };
        let check = |entries: Vec<Entry>, expected: &str| {
            let found = Conclusion::new(&entries, 1, false);
            let line = headline(&found, Swept::Vus);
            assert!(line.contains(expected), "{line}");
            assert!(!line.starts_with("peak"), "{line}");
        };
        let mut line = runs(|n| 10.0 * n);
        line.push(entry(64, 1.0, Validity::Invalid("CPU".to_owned())));
        check(line, "each virtual user adds 10/s up to 32 virtual users");
        check(runs(|n| (10.0 * n).min(80.0)), "rises to 80.1/s at about 8 virtual users");
        check(runs(|n| 10.0 * n / (1.0 + 0.1 * (n - 1.0))), "still rises at 32");
    }
}
