//! How many points were delivered, and how many were lost and why.

/// Reasons that are told apart; what comes with another is counted as [`OTHER`].
const REASONS_LIMIT: usize = 8;

const OTHER: &str = "lost for other reasons";

/// Everything that was ever pushed ends up in one of these numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ledger {
    delivered: u64,
    /// In order of the first loss; one more than the limit for all other reasons.
    lost: Vec<(String, u64)>,
}

impl Ledger {
    pub(super) fn deliver(&mut self, points: u64) {
        self.delivered += points;
    }

    pub(super) fn lose(&mut self, points: u64, reason: &str) {
        if points == 0 {
            return;
        }
        let known = self.lost.iter().any(|(known, _)| known == reason);
        let reason = if known || self.lost.len() < REASONS_LIMIT { reason } else { OTHER };
        match self.lost.iter_mut().find(|(known, _)| known == reason) {
            Some((_, count)) => *count += points,
            None => self.lost.push((reason.to_owned(), points)),
        }
    }

    pub(super) fn add(&mut self, other: &Ledger) {
        self.delivered += other.delivered;
        for (reason, points) in &other.lost {
            self.lose(*points, reason);
        }
    }

    #[cfg(test)]
    pub(super) fn delivered(&self) -> u64 {
        self.delivered
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost.iter().map(|(_, points)| points).sum()
    }

    /// `120000 points delivered, 350 lost: 200 found no room, 150 refused (400 Bad Request)`
    pub(super) fn describe(&self, verb: &str) -> String {
        let noun = if self.delivered == 1 { "point" } else { "points" };
        let mut text = format!("{} {noun} {verb}", self.delivered);
        if !self.lost.is_empty() {
            let reasons: Vec<String> =
                self.lost.iter().map(|(reason, points)| format!("{points} {reason}")).collect();
            text.push_str(&format!(", {} lost: {}", self.lost(), reasons.join(", ")));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_and_why() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.describe("delivered"), "0 points delivered");
        ledger.deliver(120_000);
        ledger.lose(200, "found no room");
        ledger.lose(0, "refused");
        ledger.lose(100, "refused");
        ledger.lose(50, "refused");
        assert_eq!(
            ledger.describe("delivered"),
            "120000 points delivered, 350 lost: 200 found no room, 150 refused"
        );
        let mut sum = Ledger::default();
        sum.deliver(1);
        sum.lose(1, "refused");
        sum.add(&ledger);
        assert_eq!((sum.delivered(), sum.lost()), (120_001, 351));
    }

    #[test]
    fn reasons_are_limited_and_nothing_is_forgotten() {
        let mut ledger = Ledger::default();
        (0..100).for_each(|at| ledger.lose(1, &format!("refused {at}")));
        assert_eq!(ledger.lost(), 100);
        assert_eq!(ledger.lost.len(), REASONS_LIMIT + 1);
        assert!(ledger.describe("delivered").ends_with("92 lost for other reasons"));
    }
}
