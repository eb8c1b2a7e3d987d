//! Selectors against one document; expectations taken from k6.

use proptest::prelude::*;

use super::parse;
use crate::modules::html::{document::NodeId, parse::parse as parse_html};

const PAGE: &str = "<div id=top lang=en><h1 title=T lang=fr>Hello <b>World</b></h1><p class=first>One</p><p></p>\
    <p> </p><ul><li id=l1 class=item>a</li><li id=l2 class='item on'>b</li><li id=l3 class=item>c</li>\
    <li id=l4>d</li></ul></div><form><input type=checkbox checked><input disabled></form>\
    <a id=a1 href='http://x/?q'>l</a><a id=a2>n</a>";

/// The ids (tag without one, `#text` for a text) of the nodes that `selector` finds.
#[track_caller]
fn check(selector: &str, expected: &[&str]) {
    let document = parse_html(PAGE).unwrap();
    let found: Vec<String> = match parse(selector) {
        None => vec!["invalid".to_string()],
        Some(selector) => selector
            .below(&document, NodeId::DOCUMENT)
            .map(|id| match document.element(id) {
                Some(element) => element.attribute("id").unwrap_or(element.tag()).to_string(),
                None => "#text".to_string(),
            })
            .collect(),
    };
    assert_eq!(found, expected, "{selector}");
}

#[test]
fn simple_and_combined() {
    check("li", &["l1", "l2", "l3", "l4"]);
    check("LI#l1", &["l1"]);
    check("ul > li.item.on", &["l2"]);
    check("#l1 + li, #l4", &["l2", "l4"]);
    check("#l2 ~ li", &["l3", "l4"]);
    check("div li:not(.item)", &["l4"]);
    check("/* c */ #\\6c 1", &["l1"]);
}

#[test]
fn attributes() {
    check("li[class!=item]", &["l2", "l4"]);
    check("li[class~=on]", &["l2"]);
    check("li[class=ITEM i]", &["l1", "l3"]);
    check("[id#=^l[12]$]", &["l1", "l2"]);
    check("a[href*='?']", &["a1"]);
    check("h1[lang|=fr]", &["h1"]);
}

#[test]
fn positions() {
    check("li:first-child", &["l1"]);
    check("li:nth-child(2n+1)", &["l1", "l3"]);
    check("li:nth-child( -n + 2 )", &["l1", "l2"]);
    check("li:nth-last-child(1)", &["l4"]);
    check("p:last-of-type:empty", &["p"]);
    check("b:only-child", &["b"]);
}

#[test]
fn jquery_additions() {
    check("li:contains(B)", &["l2"]);
    check("h1:containsOwn(World)", &[]);
    check(":contains('World')", &["html", "body", "top", "h1", "b", "#text"]);
    check("div:has(b)", &["top"]);
    check("li:matches(^[ad]$)", &["l1", "l4"]);
    check(":checked, :disabled", &["input", "input"]);
    check("a:link", &["a1"]);
    check("h1:lang(fr)", &["h1"]);
}

#[test]
fn what_is_no_selector() {
    for selector in [
        "",
        "[[",
        "li:nope",
        "> li",
        "li,",
        "li >",
        "li:eq(1)",
        "li:nth-child(x)",
        "li::before",
        "*|li",
    ] {
        check(selector, &["invalid"]);
    }
}

#[test]
fn combinators_find_another_way() {
    check("div li ~ li + li", &["l3", "l4"]);
    check("div > ul > li ~ li ~ li", &["l3", "l4"]);
    check("h1 ~ ul li + .on ~ li", &["l3", "l4"]);
    check("li.on ~ li + li", &["l4"]);
    check("html div p ~ ul > li.item ~ #l4", &["l4"]);
    check("form ~ a + a", &["a2"]);
    check("ul + form input + input", &[]);
}

#[test]
fn long_chains_take_no_forever() {
    let document = parse_html(&format!("<div>{}</div>", "<i></i>".repeat(200))).unwrap();
    for separator in [" ~ ", " "] {
        let selector = parse(&format!("b{separator}{}", ["*"; 40].join(separator))).unwrap();
        assert_eq!(selector.below(&document, NodeId::DOCUMENT).count(), 0);
    }
}

#[test]
fn nesting_and_length_have_limits() {
    check(&format!("{}li{}", ":not(".repeat(100), ")".repeat(100)), &["invalid"]);
    check(&"li ".repeat(1000), &["invalid"]);
}

proptest! {
    #[test]
    fn any_text_is_a_selector_or_not(text in "[-a-z0-9#.:()\\[\\]*=~|^$!\"'\\\\ ,>+éi]{0,40}") {
        if let Some(selector) = parse(&text) {
            let document = parse_html(PAGE).unwrap();
            prop_assert!(selector.below(&document, NodeId::DOCUMENT).count() < 100);
        }
    }
}
