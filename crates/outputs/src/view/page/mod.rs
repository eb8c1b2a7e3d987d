//! The page that shows runs: dashboard, view and report are one, by where their data come from.
//!
//! It is written as ES modules in `js/`, each with its imports, and put together into one script by
//! [`html::bundle`].

use std::{
    io::{self, Write},
    sync::OnceLock,
};

use crate::html;

const TEMPLATE: &str = include_str!("index.html");

const STYLES: [&str; 5] = [
    include_str!("css/tokens.css"),
    include_str!("css/layout.css"),
    include_str!("css/parts.css"),
    include_str!("css/tables.css"),
    include_str!("css/print.css"),
];

macro_rules! modules {
    ($($name:literal)*) => { [$(($name, include_str!(concat!("js/", $name, ".js"))),)*] };
}

/// Name and source; a module imports from those before it.
const MODULES: [(&str, &str); 21] = modules![
    "format" "dom" "store" "source" "theme" "timeline" "lines" "marks" "tooltip" "axes" "chart" "heat"
    "panel" "load" "figures" "tables" "watched" "compare" "overview" "keys" "main"
];

/// The page that asks the program it came from for its runs: `api/runs`, and `events` while one goes on.
pub fn served(title: &str) -> Vec<u8> {
    let mut page = Vec::new();
    let written = write(title, b"", &mut page);
    debug_assert!(written.is_ok(), "nothing fails in memory: {written:?}");
    page
}

/// Writes the page with its runs in it, as [`super::runs_json`] gives them.
///
/// # Errors
/// Those of `out`.
pub fn write_whole(title: &str, runs_json: &[u8], out: &mut dyn Write) -> io::Result<()> {
    write(title, runs_json, out)
}

fn write(title: &str, data: &[u8], out: &mut dyn Write) -> io::Result<()> {
    html::fill(TEMPLATE, out, |name, out| match name {
        "title" => out.write_all(html::escape(title).as_bytes()),
        "style" => write!(out, "{}\n{}", html::CHARTS_STYLE, STYLES.join("\n")),
        "charts" => html::write_charts(out),
        "data" => html::write_json(data, out),
        "script" => out.write_all(script().as_bytes()),
        other => {
            debug_assert!(false, "the template has no {other}");
            Ok(())
        }
    })
}

/// All modules as one script.
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
        let page = String::from_utf8(served("a <b>")).unwrap();
        assert!(page.contains("<title>a &lt;b&gt;</title>"));
        assert!(page.contains("uPlot") && page.contains("MIT"), "the licence goes along");
        let ours: String = STYLES
            .iter()
            .copied()
            .chain(MODULES.map(|(_, source)| source))
            .chain([TEMPLATE])
            .collect();
        let foreign = |text: &str| text.replace("http://www.w3.org/2000/svg", "").contains("://");
        assert!(!foreign(&ours), "no other host is named");
    }

    #[test]
    fn runs_stand_in_the_page() {
        let mut page = Vec::new();
        write_whole("x", br#"{"runs":[{"name":"</script>"}]}"#, &mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        assert!(page.contains(r#"{"runs":[{"name":"\u003c/script>"}]}"#));
    }
}
