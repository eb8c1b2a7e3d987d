//! The heat map: how many values of which size each point has.

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};

use super::{
    Part,
    number::{Number, list},
};
use crate::view::{
    digest::LATENCIES,
    sparse::{BUCKETS, Sparse, upper_bound},
};

/// Buckets of a histogram that make one row of the heat map, which is then 10 % high.
const HEAT_STEP: usize = 4;

/// `bounds` are one more than rows: bucket `n` has what is above bound `n` and up to bound `n + 1`.
pub(super) struct Heat<'a>(pub(super) &'a Part<'a>);

impl Serialize for Heat<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let part = self.0;
        let kind = part.model.timeline.main_latency();
        // The first row has one bucket less, since the first bucket begins at nothing.
        let bound = |row: usize| match row {
            0 => 0.0,
            row => upper_bound(row * HEAT_STEP - 1),
        };
        let bounds: Vec<Number> = (0..=BUCKETS / HEAT_STEP).map(|row| Number(bound(row))).collect();
        let rows = list(part.points(), |point| HeatRow(&point.latency[kind].times));
        let mut map = to.serialize_map(Some(3))?;
        map.serialize_entry("of", LATENCIES[kind])?;
        map.serialize_entry("bounds", &bounds)?;
        map.serialize_entry("rows", &rows)?;
        map.end()
    }
}

struct HeatRow<'a>(&'a Sparse);

impl Serialize for HeatRow<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut seq = to.serialize_seq(None)?;
        let mut last = None;
        for (bucket, count) in self.0.buckets() {
            let row = bucket / HEAT_STEP as u64;
            match &mut last {
                Some((same, sum)) if *same == row => *sum += count,
                _ => {
                    if let Some((row, sum)) = last.replace((row, count)) {
                        seq.serialize_element(&row)?;
                        seq.serialize_element(&sum)?;
                    }
                }
            }
        }
        if let Some((row, sum)) = last {
            seq.serialize_element(&row)?;
            seq.serialize_element(&sum)?;
        }
        seq.end()
    }
}
