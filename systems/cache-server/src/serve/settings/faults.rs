//! What is wrong with the settings, told together: who brings a file along from elsewhere wants to know all of
//! it, and not one line after the other.

use super::SettingError;

/// Faults that are told; of the others it is said how many there are.
const TOLD_MAX: usize = 64;

/// Faults in the order in which they were found.
#[derive(Debug, Default)]
pub(super) struct Faults {
    told: Vec<SettingError>,
    others: usize,
}

impl Faults {
    pub(super) fn note(&mut self, fault: SettingError) {
        if self.told.len() < TOLD_MAX {
            self.told.push(fault);
        } else {
            self.others += 1;
        }
    }

    /// What is good, or else a fault.
    pub(super) fn sift<T>(&mut self, result: Result<T, SettingError>) -> Option<T> {
        result.map_err(|fault| self.note(fault)).ok()
    }

    /// # Errors
    /// When there are any: all of them as one.
    pub(super) fn into_result(self) -> Result<(), SettingError> {
        let Faults { told, others } = self;
        let mut told = told.into_iter();
        let Some(first) = told.next() else { return Ok(()) };
        let mut reason = first.reason;
        for fault in told {
            reason.push_str(&format!("; {fault}"));
        }
        if others > 0 {
            reason.push_str(&format!("; and {others} more"));
        }
        Err(SettingError { place: first.place, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(count: usize, expected: Option<&str>) {
        let mut faults = Faults::default();
        for number in 1..=count {
            let fault = SettingError::new(format!("f:{number}"), "no");
            assert_eq!(faults.sift::<()>(Err(fault)), None);
        }
        assert_eq!(faults.sift(Ok(1)), Some(1));
        let found = faults.into_result().err().map(|error| error.to_string());
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn all_are_told_unless_they_are_too_many() {
        check(0, None);
        check(1, Some("f:1: no"));
        check(2, Some("f:1: no; f:2: no"));
        let told: Vec<String> = (1..=TOLD_MAX).map(|number| format!("f:{number}: no")).collect();
        let told = told.join("; ");
        check(TOLD_MAX, Some(&told));
        check(TOLD_MAX + 2, Some(&format!("{told}; and 2 more")));
    }
}
