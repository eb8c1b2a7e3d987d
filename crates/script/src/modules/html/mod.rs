//! `k6/html`: parseHTML, and selections and elements as jQuery and the DOM have them.
//!
//! A text is parsed once, in Rust; selections are lists of node ids that share the document.
//! JavaScript objects exist only for what a script holds in its hands.

mod computed;
mod data;
mod document;
mod element_object;
pub(crate) mod form;
mod kinds;
mod links;
mod parse;
mod property;
mod prototypes;
mod render;
pub(crate) mod selection;
mod selection_object;
pub(crate) mod selector;

use std::rc::Rc;

use rquickjs::{Ctx, Function, Object, Result, Value, function::Opt};

use super::{Module, arguments};
use crate::vu::{VuState, error};
use selection::Selection;

pub const MODULE: Module = Module { name: "k6/html", exports: &["parseHTML"], build, named: None };

fn build<'js>(ctx: &Ctx<'js>, _: &Rc<VuState>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    object.set(
        "parseHTML",
        Function::new(ctx.clone(), parse_html_argument)?.with_name("parseHTML")?,
    )?;
    Ok(object)
}

fn parse_html_argument<'js>(ctx: Ctx<'js>, text: Opt<Value<'js>>) -> Result<Value<'js>> {
    let text = match arguments::given(text.0) {
        Some(value) => arguments::text(&value)?,
        None => String::new(),
    };
    parse_html(&ctx, &text, "")
}

/// A Selection of the parsed `text`, as `parseHTML` and `res.html()` return it; `url` is where the
/// text came from. Throws when the text is nested too deep.
pub(crate) fn parse_html<'js>(ctx: &Ctx<'js>, text: &str, url: &str) -> Result<Value<'js>> {
    let selection =
        Selection::parse(text, url).map_err(|cause| error::throw(ctx, &cause.to_string()))?;
    selection_object::wrap(ctx, selection)
}

#[cfg(test)]
mod tests;
