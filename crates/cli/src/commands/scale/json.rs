//! The result for machines: docs/scale.md.

use plimsoll_analysis::scaling::{Candidate, Estimate, Fit, Law, Model, Peak, Summit, Validity};
use serde_json::{Value, json};

use super::{
    asked::{Asked, Swept},
    conclusion::{Conclusion, Entry, Size},
    notes,
    text::Told,
    words,
};

/// The object.
pub(super) fn json(
    conclusion: &Conclusion,
    entries: &[Entry],
    told: &Told,
    asked: &Asked,
    subject: &str,
) -> Value {
    let fit = conclusion.fit.as_ref();
    let per_node = match asked.swept {
        Swept::Nodes { per_node } => Some(per_node),
        Swept::Vus | Swept::Connections => None,
    };
    json!({
        "version": 1,
        "target": subject,
        "unit": format!("{}/s", told.noun),
        "swept": asked.swept.noun(),
        "per_node": per_node,
        "repeats": asked.repeats,
        "length_s": asked.length.as_secs_f64(),
        "seed": asked.seed,
        "verdict": conclusion.verdict.name(),
        "reason": conclusion.verdict.reason(),
        "words": words::headline(conclusion, told.swept),
        "best": fit.and_then(|fit| fit.laws.first()).map(|best| name(best.law.model())),
        "gamma": fit.map(|fit| estimate(fit.usl.lambda)),
        "contention": fit.map(|fit| estimate(fit.usl.sigma)),
        "coherency": fit.map(|fit| estimate(fit.usl.kappa)),
        "peak": fit.map(peak),
        "ceiling": fit.and_then(|fit| fit.ceiling).map(estimate),
        "laws": fit.map(|fit| fit.laws.iter().map(law).collect::<Value>()),
        "leverage": fit.and_then(|fit| fit.leverage).map(|(n, share)| json!({ "n": n, "share": share })),
        "notes": notes::notes(conclusion, entries, told.swept, told.is_here),
        "sizes": conclusion.sizes.iter().map(size).collect::<Value>(),
        "runs": entries.iter().map(run).collect::<Value>(),
    })
}

fn name(model: Model) -> &'static str {
    match model {
        Model::Linear => "linear",
        Model::Flat => "flat",
        Model::Usl => "usl",
    }
}

fn estimate(estimate: Estimate) -> Value {
    json!({
        "value": estimate.value,
        "low": estimate.interval.map(|range| range.low),
        "high": estimate.interval.map(|range| range.high),
    })
}

fn peak(fit: &Fit) -> Value {
    let of = |seen: &str, Summit { n, throughput }: Summit| json!({ "seen": seen, "n": estimate(n), "throughput": estimate(throughput) });
    match fit.peak {
        Peak::Within(summit) => of("within", summit),
        Peak::Beyond(summit) => of("beyond", summit),
        Peak::NotObserved => json!({ "seen": "none" }),
    }
}

fn law(candidate: &Candidate) -> Value {
    let Candidate { law, aicc, weight, r_squared } = *candidate;
    let mut value = json!({
        "law": name(law.model()),
        "aicc": aicc,
        "weight": weight,
        "r_squared": r_squared,
    });
    let figures: &[(&str, f64)] = match law {
        Law::Linear { lambda } => &[("gamma", lambda)],
        Law::Flat { lambda, limit } => {
            &[("gamma", lambda), ("limit", limit), ("knee", limit / lambda)]
        }
        Law::Usl { lambda, sigma, kappa } => {
            &[("gamma", lambda), ("contention", sigma), ("coherency", kappa)]
        }
    };
    for (name, figure) in figures {
        value[*name] = json!(figure);
    }
    value
}

fn size(size: &Size) -> Value {
    let of = |at: usize| size.throughput.and_then(|values| values.get(at).copied());
    json!({
        "n": size.n,
        "runs": size.counted.1,
        "counted": size.counted.0,
        "throughput": of(0),
        "least": of(1),
        "most": of(2),
        "mean_latency_ms": size.latency.mean(),
        "p99_latency_ms": size.latency.percentile(99.0),
        "failed": size.failed,
        "little_holds": size.little.1,
        "busiest": size.busiest.as_ref().map(|one| json!({ "words": one.words, "share": one.share })),
    })
}

fn run(entry: &Entry) -> Value {
    let measured = &entry.measured;
    let (validity, reason) = match &measured.validity {
        Validity::Valid => ("valid", None),
        Validity::Invalid(reason) => ("invalid", Some(reason)),
        Validity::Failed => ("failed", None),
    };
    json!({
        "n": entry.n,
        "in_flight": entry.in_flight,
        "verdict": validity,
        "reason": reason,
        "throughput": entry.throughput(),
        "failed": measured.failed,
        "mean_latency_ms": measured.latency.mean(),
        "p99_latency_ms": measured.latency.percentile(99.0),
        "little": {
            "in_flight": measured.little.in_flight,
            "gap": measured.little.gap,
            "allowed": measured.little.allowed,
            "holds": measured.little.holds(),
        },
        "warm_up_s": measured.warm_up_seconds,
        "used_s": measured.used_seconds,
        "generator": { "cpu_share": entry.cpu_share },
    })
}
