//! Student's distribution: how much wider an interval is when its width was guessed from few values.

/// Two-sided, at 95 %, by degrees of freedom from 1 on.
const TABLE: [f64; 12] =
    [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179];

/// Of the normal distribution.
const NORMAL: f64 = 1.959_964;

/// How many estimated standard deviations on either side hold 95 %, with so many degrees of freedom;
/// infinite with none.
pub fn student(freedom: usize) -> f64 {
    let Some(at) = freedom.checked_sub(1) else { return f64::INFINITY };
    TABLE.get(at).copied().unwrap_or_else(|| {
        // The first term of Cornish and Fisher.
        NORMAL + NORMAL * (NORMAL * NORMAL + 1.0) / (4.0 * freedom as f64)
    })
}

#[cfg(test)]
mod tests {
    use super::student;

    #[test]
    fn it_is_that_of_the_tables() {
        for (freedom, expected) in
            [(1, 12.706), (5, 2.571), (13, 2.160), (30, 2.042), (1000, 1.962)]
        {
            let found = student(freedom);
            assert!((found / expected - 1.0).abs() < 0.01, "{freedom}: {found}, not {expected}");
        }
        assert_eq!(student(0), f64::INFINITY);
        assert!((1..40).all(|freedom| student(freedom) > student(freedom + 1)));
    }
}
