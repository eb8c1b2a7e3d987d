//! Least squares with three unknowns, none below zero.

/// So little of a column that is left says nothing of its own.
const PIVOT_MIN: f64 = 1e-12;

type Row = [f64; 3];

/// Where `x M x / 2 - w x` is least with no unknown below zero: of every choice of unknowns that are zero,
/// the others follow from linear equations.
pub(super) fn non_negative(matrix: &[Row; 3], wanted: &Row) -> Row {
    let mut best = ([0.0; 3], 0.0);
    for choice in 1_u8..8 {
        let Some(found) = solve(matrix, wanted, choice) else { continue };
        let gain: f64 = found.iter().zip(wanted).map(|(value, wanted)| value * wanted).sum();
        if found.iter().all(|value| *value >= 0.0) && gain > best.1 {
            best = (found, gain);
        }
    }
    best.0
}

/// The unknowns whose bit is set in `choice`, the others zero; `None` when they cannot be told apart.
fn solve(matrix: &[Row; 3], wanted: &Row, choice: u8) -> Option<Row> {
    let is_free = |at: usize| choice >> at & 1 == 1;
    // Columns of one size, so that a pivot says what it is worth.
    let scales: Vec<f64> = (0..3).map(|at| matrix[at][at].sqrt()).collect();
    let mut rows = [[0.0; 4]; 3];
    for at in 0..3 {
        for across in 0..3 {
            let is_used = is_free(at) && is_free(across) && scales[at] * scales[across] > 0.0;
            let one = if at == across { 1.0 } else { 0.0 };
            rows[at][across] =
                if is_used { matrix[at][across] / (scales[at] * scales[across]) } else { one };
        }
        rows[at][3] = if is_free(at) && scales[at] > 0.0 { wanted[at] / scales[at] } else { 0.0 };
    }
    // What is left after elimination is positive, since the matrix is one of squares.
    for at in 0..3 {
        let pivot = rows[at];
        if pivot[at] < PIVOT_MIN {
            return None;
        }
        for other in (0..3).filter(|other| *other != at) {
            let factor = rows[other][at] / pivot[at];
            for (cell, above) in rows[other].iter_mut().zip(pivot) {
                *cell -= factor * above;
            }
        }
    }
    let mut found = [0.0; 3];
    for at in 0..3 {
        found[at] = if scales[at] > 0.0 { rows[at][3] / rows[at][at] / scales[at] } else { 0.0 };
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::non_negative;

    #[test]
    fn what_would_be_negative_is_zero() {
        let check = |matrix, wanted: [f64; 3], expected: [f64; 3]| {
            let found = non_negative(&matrix, &wanted);
            let is_near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9);
            assert!(is_near, "{found:?}, not {expected:?}");
        };
        let unit = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        check(unit, [1.0, 2.0, 3.0], [1.0, 2.0, 3.0]);
        check(unit, [1.0, -2.0, 3.0], [1.0, 0.0, 3.0]);
        check(unit, [-1.0, -2.0, -3.0], [0.0; 3]);
        let bound = [[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 1.0]];
        check(bound, [3.0, 0.0, 1.0], [1.5, 0.0, 1.0]);
        // Two columns that are the same cannot be told apart, but one does.
        let same = [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let [a, b, c] = non_negative(&same, &[1.0, 1.0, 1.0]);
        assert!((a + b - 1.0).abs() < 1e-9 && (c - 1.0).abs() < 1e-9);
    }
}
