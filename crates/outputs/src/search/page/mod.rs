//! The page: one by which a search is followed and by which it is reported, by where its data come from.
//! Styles and small parts are those of the page of runs.

use std::{
    io::{self, Write},
    sync::OnceLock,
};

use super::model::Search;
use crate::{html, view::page::shell::Shell};

const STYLES: [&str; 4] = [
    include_str!("../../view/page/css/tokens.css"),
    include_str!("../../view/page/css/layout.css"),
    include_str!("../../view/page/css/parts.css"),
    include_str!("search.css"),
];

macro_rules! shared {
    ($name:literal) => {
        ($name, include_str!(concat!("../../view/page/js/", $name, ".js")))
    };
}

macro_rules! own {
    ($name:literal) => {
        ($name, include_str!(concat!("js/", $name, ".js")))
    };
}

/// A module imports from those before it.
const MODULES: [html::Source; 15] = [
    shared!("format"),
    shared!("dom"),
    shared!("shortcuts"),
    shared!("theme"),
    own!("source"),
    own!("choosing"),
    own!("scale"),
    own!("picture"),
    own!("chart"),
    own!("verdict"),
    own!("curves"),
    own!("resources"),
    own!("course"),
    own!("table"),
    own!("main"),
];

/// The page that asks the program it came from for the search.
pub(super) fn served(search: &Search) -> Vec<u8> {
    shell(search, &title(search)).served()
}

/// Writes the page with the search in it.
///
/// # Errors
/// Those of `out`.
pub(super) fn write_whole(search: &Search, out: &mut dyn Write) -> io::Result<()> {
    shell(search, &title(search)).write(&serde_json::to_vec(search)?, out)
}

fn title(search: &Search) -> String {
    format!("Capacity of {}", search.target)
}

fn shell<'a>(search: &'a Search, title: &'a str) -> Shell<'a> {
    Shell {
        title,
        styles: &STYLES,
        tools: "",
        hint: "",
        instead: &search.answer.headline,
        has_charts: false,
        script: script(),
    }
}

fn script() -> &'static str {
    static SCRIPT: OnceLock<String> = OnceLock::new();
    SCRIPT.get_or_init(|| html::bundle(&MODULES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_use_what_those_before_them_export() {
        html::check_modules(&MODULES);
    }

    #[test]
    fn a_page_asks_nobody_else() {
        let ours: String =
            STYLES.iter().copied().chain(MODULES.map(|(_, source)| source)).collect();
        let ours = ours.replace("http://www.w3.org/2000/svg", "");
        assert!(!ours.contains("://"), "no other host is named");
    }

    #[test]
    fn a_search_stands_in_its_page() {
        let search = Search { target: "</script><b>".to_owned(), ..Search::default() };
        let mut page = Vec::new();
        write_whole(&search, &mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        assert!(page.contains("<title>Capacity of &lt;/script&gt;&lt;b&gt;</title>"));
        assert!(page.contains(r#""target":"\u003c/script>\u003cb>""#));
    }
}
