//! How many commands there are, and their names.

use crate::{
    commands::{
        call::{Call, is},
        error::{Error, Outcome},
        spec::{Categories, Spec},
        table,
    },
    glob,
};

pub(super) fn count(call: &mut Call<'_, '_>) -> Outcome {
    call.out.count(table::all().count());
    Ok(())
}

/// All commands and subcommands.
fn everything() -> impl Iterator<Item = &'static Spec> {
    table::all().flat_map(|spec| std::iter::once(spec).chain(spec.subcommands))
}

pub(super) fn list(call: &mut Call<'_, '_>) -> Outcome {
    let mut words = call.words(2);
    let wanted: Box<dyn Fn(&Spec) -> bool> = match (words.next(), words.next(), words.next()) {
        (None, ..) => Box::new(|_| true),
        (Some(by), Some(kind), Some(word)) if is(by, "filterby") && words.left() == 0 => {
            match kind {
                kind if is(kind, "aclcat") => {
                    let category = category(word);
                    Box::new(move |spec| category.is_some_and(|c| spec.categories().contains(c)))
                }
                kind if is(kind, "pattern") => {
                    let pattern = word.to_ascii_lowercase();
                    Box::new(move |spec| glob::matches(&pattern, spec.name.as_bytes()))
                }
                // There are none.
                kind if is(kind, "module") => Box::new(|_| false),
                _ => return Err(Error::Syntax),
            }
        }
        _ => return Err(Error::Syntax),
    };
    let names: Vec<&str> = everything().filter(|spec| wanted(spec)).map(|spec| spec.name).collect();
    call.out.set(names.len());
    names.iter().for_each(|name| call.out.bulk(name.as_bytes()));
    Ok(())
}

fn category(word: &[u8]) -> Option<Categories> {
    let is_it = |name: &str| name.strip_prefix('@').is_some_and(|name| is(word, name));
    Categories::NAMES.iter().find(|(name, _)| is_it(name)).map(|(_, category)| *category)
}
