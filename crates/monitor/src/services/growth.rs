//! From totals that are no whole numbers to what was added since the last look.

/// Remembers one running total; as [`crate::Increase`], for numbers with a fraction.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Growth {
    last: Option<f64>,
}

impl Growth {
    /// What was added since the last call; `None` for the first, and for a total that is no number. A total
    /// below the last one has begun anew.
    pub(crate) fn of(&mut self, total: f64) -> Option<f64> {
        if !total.is_finite() {
            return None;
        }
        let last = self.last.replace(total)?;
        Some(if total >= last { total - last } else { total.max(0.0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_grow_and_begin_anew() {
        let mut growth = Growth::default();
        let found: Vec<_> =
            [5.0, 5.5, f64::NAN, 9.0, 2.0, -1.0].map(|total| growth.of(total)).into();
        assert_eq!(found, [None, Some(0.5), None, Some(3.5), Some(2.0), Some(0.0)]);
    }
}
