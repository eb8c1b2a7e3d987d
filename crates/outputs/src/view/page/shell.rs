//! What pages have in common: the head, tools, keys, and where data and script stand.

use std::io::{self, Write};

use crate::html;

const TEMPLATE: &str = include_str!("shell.html");

/// One page, without its data.
pub(crate) struct Shell<'a> {
    /// Of the window and above the page.
    pub(crate) title: &'a str,
    pub(crate) styles: &'a [&'static str],
    /// Tools of its own, as HTML, before those of all pages.
    pub(crate) tools: &'static str,
    /// Said below the table of keys, as HTML.
    pub(crate) hint: &'static str,
    /// What a reader without JavaScript gets to know.
    pub(crate) instead: &'a str,
    /// Whether it draws with uPlot.
    pub(crate) has_charts: bool,
    pub(crate) script: &'a str,
}

impl Shell<'_> {
    /// Writes the page with `data`, which is JSON, or nothing when the page asks for it.
    ///
    /// # Errors
    /// Those of `out`.
    pub(crate) fn write(&self, data: &[u8], out: &mut dyn Write) -> io::Result<()> {
        html::fill(TEMPLATE, out, |name, out| match name {
            "title" => out.write_all(html::escape(self.title).as_bytes()),
            "style" => self.write_style(out),
            "tools" => out.write_all(self.tools.as_bytes()),
            "hint" => out.write_all(self.hint.as_bytes()),
            "instead" if self.instead.is_empty() => Ok(()),
            "instead" => {
                write!(out, "<p class=\"empty big\">{}</p>", html::escape(self.instead))
            }
            "charts" if !self.has_charts => Ok(()),
            "charts" => {
                out.write_all(b"<script>")?;
                html::write_charts(out)?;
                out.write_all(b"</script>\n")
            }
            "data" => html::write_json(data, out),
            "script" => out.write_all(self.script.as_bytes()),
            other => {
                debug_assert!(false, "the template has no {other}");
                Ok(())
            }
        })
    }

    /// The page that asks the program it came from for its data.
    pub(crate) fn served(&self) -> Vec<u8> {
        let mut page = Vec::new();
        let written = self.write(b"", &mut page);
        debug_assert!(written.is_ok(), "nothing fails in memory: {written:?}");
        page
    }

    fn write_style(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.has_charts {
            writeln!(out, "{}", html::CHARTS_STYLE)?;
        }
        out.write_all(self.styles.join("\n").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_name_nobody_else() {
        assert!(!TEMPLATE.replace("http://www.w3.org/2000/svg", "").contains("://"));
    }

    #[test]
    fn all_parts_are_filled_in() {
        let shell = Shell {
            title: "a <b>",
            styles: &["p{}"],
            tools: "<i>tool</i>",
            hint: "",
            instead: "it <is>",
            has_charts: false,
            script: "go();",
        };
        let page = String::from_utf8(shell.served()).unwrap();
        for part in ["<title>a &lt;b&gt;</title>", "<style>p{}</style>", "<i>tool</i>", "go();"] {
            assert!(page.contains(part), "{part}");
        }
        assert!(page.contains("<p class=\"empty big\">it &lt;is&gt;</p>"));
        assert!(!page.contains("{{") && !page.contains("uPlot"));
    }
}
