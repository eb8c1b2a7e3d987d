//! FETCH: keys are fetched anew.

use crate::commands::{
    call::Call,
    error::{Error, Outcome},
    key_rule::KeyRule,
    parted::Parted,
    spec::{Flags, Group, Spec},
};

#[rustfmt::skip]
pub(in crate::commands) const TABLE: &[Spec] = &[
    Spec::new("fetch", -2, Flags::GROW.and(Flags::PARTED), KeyRule::ALL, Group::Generic, "Begins to fetch keys anew from their origins; how many.", fetch).since("7.2.0").complexity("O(N)"),
];

/// What is there is served until the origin has answered.
fn fetch(call: &mut Call<'_, '_>) -> Outcome {
    let fills = call.shards.fills();
    if !fills.is_on() {
        return Err(Error::text("ERR there is no origin: set the parameter 'origin'"));
    }
    let mut parted = Parted::resume(call);
    for key in call.keys {
        parted.count += i64::from(fills.fetch(call.shards.index(key), key, call.now)?);
    }
    if let Some(parted) = parted.end(call) {
        call.out.integer(parted.count);
    }
    Ok(())
}
