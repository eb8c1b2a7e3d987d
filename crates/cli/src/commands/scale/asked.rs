//! What the flags ask for: what is swept, in which order, and how long that takes.

use std::time::Duration;

use plimsoll_runtime::random::Random;

use crate::{
    args::ScaleArgs,
    commands::trials::{REST, figures, scripts::is_script},
    exit::{Exit, Failure},
};

/// What there is more and more of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Swept {
    Vus,
    Connections,
    /// With so many connections or virtual users each.
    Nodes {
        per_node: u64,
    },
}

/// A sweep, not yet begun.
pub(super) struct Asked {
    pub(super) swept: Swept,
    /// Ascending, three at least.
    pub(super) sizes: Vec<u64>,
    pub(super) repeats: u32,
    pub(super) length: Duration,
    pub(super) seed: u64,
}

impl Swept {
    pub(super) fn noun(self) -> &'static str {
        match self {
            Swept::Vus => "virtual users",
            Swept::Connections => "connections",
            Swept::Nodes { .. } => "nodes",
        }
    }

    /// `1 connection`, `8 connections`.
    pub(super) fn count(self, n: f64) -> String {
        let noun = self.noun();
        let noun = if n == 1.0 { noun.strip_suffix('s').unwrap_or(noun) } else { noun };
        format!("{} {noun}", figures::number(n))
    }

    /// At a time, with a size of `n`.
    pub(super) fn in_flight(self, n: u64) -> u64 {
        match self {
            Swept::Vus | Swept::Connections => n,
            Swept::Nodes { per_node } => n.saturating_mul(per_node),
        }
    }
}

impl Asked {
    pub(super) fn read(args: &ScaleArgs) -> Result<Asked, Failure> {
        let file = args.closed.0.attack.url.as_deref().filter(|url| is_script(url));
        let flags = &args.swept;
        let bad = |message: &str, hint: &str| {
            Err(Failure::new(Exit::BadConfiguration, message).with_hint(hint))
        };
        let (swept, sizes) = match (&flags.vus, &flags.connections, &flags.nodes) {
            (_, Some(_), _) if file.is_some() => {
                return bad(
                    "--connections: a script has virtual users, which open connections as they need them",
                    "write --vus 1..64",
                );
            }
            (Some(sizes), ..) => (Swept::Vus, sizes.clone()),
            (_, Some(sizes), _) => (Swept::Connections, sizes.clone()),
            (_, _, Some(sizes)) => (Swept::Nodes { per_node: args.per_node }, sizes.clone()),
            (None, None, None) if file.is_some() => (Swept::Vus, Default::default()),
            (None, None, None) => (Swept::Connections, Default::default()),
        };
        Ok(Asked {
            swept,
            sizes: sizes.0,
            repeats: args.repeats,
            length: args.length,
            seed: args.seed,
        })
    }

    /// All sizes once, then all of them again, each time in another order: what drifts falls on all alike,
    /// and a sweep that is ended early has seen most.
    pub(super) fn order(&self) -> Vec<u64> {
        let mut random = Random::seeded(self.seed);
        let mut order = Vec::new();
        for _ in 0..self.repeats {
            let mut round = self.sizes.clone();
            for left in (1..round.len()).rev() {
                round.swap(left, random.below(left + 1));
            }
            order.extend(round);
        }
        order
    }

    /// What is done, and for how long.
    pub(super) fn plan(&self, subject: &str, ready_within: Duration) -> Vec<String> {
        let runs = self.sizes.len() as u32 * self.repeats;
        let each = figures::length(self.length);
        let sizes: Vec<String> = self.sizes.iter().map(u64::to_string).collect();
        let noun = self.swept.noun();
        let mut lines = vec![
            format!("scale of {subject} over {noun}: {}", sizes.join(", ")),
            format!(
                "plan: {runs} runs of {each}, each size {} in mixed order",
                times(self.repeats)
            ),
            format!(
                "that takes {}, and longer where requests are slow to be answered",
                figures::length((self.length + REST) * runs)
            ),
        ];
        if let Swept::Nodes { per_node } = self.swept {
            lines.push(format!(
                "before each run the nodes are started, and answer within {} at most; {per_node} at a time for each",
                figures::length(ready_within)
            ));
        }
        lines
    }
}

fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(swept: Swept, sizes: &[u64], repeats: u32) -> Asked {
        Asked { swept, sizes: sizes.to_vec(), repeats, length: Duration::from_secs(5), seed: 1 }
    }

    #[test]
    fn every_round_has_every_size_and_orders_differ() {
        let asked = asked(Swept::Vus, &[1, 2, 4, 8, 16, 32], 5);
        let order = asked.order();
        let rounds: Vec<&[u64]> = order.chunks(6).collect();
        for round in &rounds {
            let mut sorted = round.to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, asked.sizes);
        }
        assert!(rounds.windows(2).any(|pair| pair[0] != pair[1]), "{order:?}");
        assert_eq!(order, asked.order(), "the same seed, the same order");
    }

    #[test]
    fn a_plan_says_how_long() {
        let plan =
            asked(Swept::Vus, &[1, 2, 4], 3).plan("s.js", Duration::from_secs(30)).join("\n");
        assert!(plan.contains("9 runs of 5s, each size 3 times"), "{plan}");
        assert!(plan.contains("takes 50s, and"), "{plan}");
        let nodes = Swept::Nodes { per_node: 16 };
        let plan = asked(nodes, &[1, 2, 3], 1).plan("x", Duration::from_secs(30)).join("\n");
        assert!(plan.contains("within 30s at most; 16 at a time"), "{plan}");
        assert_eq!((nodes.in_flight(3), Swept::Vus.in_flight(3)), (48, 3));
        assert_eq!((nodes.count(1.0), nodes.count(2.0)), ("1 node".into(), "2 nodes".into()));
    }
}
