//! Numbers, columns and lists, written as they are asked for.

use std::ops::Range;

use serde::{Serialize, Serializer};

use super::super::point::Point;

/// Figures of a number that are written.
const FIGURES: i32 = 6;

/// With at most [`FIGURES`] figures, which is more than a page shows; whole numbers as such.
pub(super) struct Number(pub(super) f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Number(value) = *self;
        if !value.is_finite() {
            return to.serialize_none();
        }
        let magnitude = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
        let decimals = FIGURES - 1 - magnitude;
        let rounded = match decimals {
            ..=0 => value.round(),
            // A power of ten above 308 is none.
            1..=300 => (value * 10f64.powi(decimals)).round() / 10f64.powi(decimals),
            _ => 0.0,
        };
        if rounded == rounded.trunc() && rounded.abs() < 9e15 {
            to.serialize_i64(rounded as i64)
        } else {
            to.serialize_f64(rounded)
        }
    }
}

pub(super) struct Column<'a, F> {
    pub(super) points: &'a [Point],
    pub(super) value: F,
}

impl<F: Fn(&Point) -> Option<f64>> Serialize for Column<'_, F> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.points.iter().map(|point| (self.value)(point).map(Number)))
    }
}

/// A column of values that are not in the points.
pub(super) struct Values<F> {
    pub(super) range: Range<usize>,
    pub(super) value: F,
}

impl<F: Fn(usize) -> Option<f64>> Serialize for Values<F> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.range.clone().map(|at| (self.value)(at).map(Number)))
    }
}

/// A list whose items are made when they are written.
pub(super) struct List<'a, T, F> {
    items: &'a [T],
    shape: F,
}

pub(super) fn list<'a, T, V, F: Fn(&'a T) -> V>(items: &'a [T], shape: F) -> List<'a, T, F> {
    List { items, shape }
}

impl<'a, T, F: Fn(&'a T) -> V, V: Serialize> Serialize for List<'a, T, F> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.items.iter().map(&self.shape))
    }
}
