//! FETCH: keys are fetched anew.

use crate::commands::{
    call::Call,
    error::{Error, Outcome},
    key_rule::KeyRule,
    spec::{Flags, Group, Spec},
};

#[rustfmt::skip]
pub(in crate::commands) const TABLE: &[Spec] = &[
    Spec::new("fetch", -2, Flags::GROW, KeyRule::ALL, Group::Generic, "Begins to fetch keys anew from their origins; how many.", fetch).since("7.2.0").complexity("O(N)"),
];

/// What is there is served until the origin has answered.
fn fetch(call: &mut Call<'_, '_>) -> Outcome {
    let fills = call.shards.fills();
    if !fills.is_on() {
        return Err(Error::text("ERR there is no origin: set the parameter 'origin'"));
    }
    let mut begun = 0;
    for key in call.keys {
        begun += usize::from(fills.fetch(call.shards.index(key), key, call.now)?);
    }
    call.out.count(begun);
    Ok(())
}
