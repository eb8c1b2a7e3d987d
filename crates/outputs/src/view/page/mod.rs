//! The page that shows runs: dashboard, view and report are one, by where their data come from.
//!
//! It is written as ES modules in `js/`, each with its imports, and put together into one script by
//! [`html::bundle`].

pub(crate) mod shell;

use std::{
    io::{self, Write},
    sync::OnceLock,
};

use self::shell::Shell;
use crate::html;

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
const MODULES: [(&str, &str); 23] = modules![
    "format" "words" "dom" "shortcuts" "store" "source" "theme" "timeline" "lines" "marks" "tooltip" "axes" "chart" "heat"
    "panel" "load" "figures" "tables" "watched" "compare" "overview" "keys" "main"
];

const TOOLS: &str = "\
      <span class=\"choice\" id=\"span\" role=\"group\" aria-label=\"How much of the time is shown\" hidden></span>
      <button type=\"button\" id=\"unzoom\" title=\"Show the whole time again (Esc)\" disabled>Reset zoom</button>
";

const HINT: &str = "\
  <p class=\"soft\">Drag across a chart to zoom all of them; double-click goes back. Click a name below a chart to \
hide its line, with Shift to see only that one.</p>
";

/// The page that asks the program it came from for its runs: `api/runs`, and `events` while one goes on.
pub fn served(title: &str) -> Vec<u8> {
    shell(title).served()
}

/// Writes the page with its runs in it, as [`super::runs_json`] gives them.
///
/// # Errors
/// Those of `out`.
pub fn write_whole(title: &str, runs_json: &[u8], out: &mut dyn Write) -> io::Result<()> {
    shell(title).write(runs_json, out)
}

fn shell(title: &str) -> Shell<'_> {
    Shell {
        title,
        styles: &STYLES,
        tools: TOOLS,
        hint: HINT,
        instead: "",
        has_charts: true,
        script: script(),
    }
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
            .chain([TOOLS, HINT])
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
