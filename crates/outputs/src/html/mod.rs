//! What our pages are made of: a template with parts filled in, the charts' library, data that a script
//! element can hold. A page asks no other host for anything, and opens offline.

mod bundle;

use std::io::{self, Write};

#[cfg(test)]
pub(crate) use bundle::tests::check_modules;
pub(crate) use bundle::{Source, bundle};

const UPLOT: &str = include_str!("vendor/uplot/uPlot.iife.min.js");
const UPLOT_LICENCE: &str = include_str!("vendor/uplot/LICENSE");

/// Goes before a page's own style, which may override it.
pub(crate) const CHARTS_STYLE: &str = include_str!("vendor/uplot/uPlot.min.css");

/// Writes uPlot with its licence, which goes with every copy of it, and so into every page.
pub(crate) fn write_charts(out: &mut dyn Write) -> io::Result<()> {
    write!(out, "/*! uPlot\n{UPLOT_LICENCE}\n*/\n{UPLOT}")
}

/// Writes `template` with `part` called for each `{{name}}` in it.
///
/// # Errors
/// Those of `out` and of `part`.
pub(crate) fn fill(
    template: &str,
    out: &mut dyn Write,
    mut part: impl FnMut(&str, &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.write_all(before.as_bytes())?;
        let Some((name, after)) = after.split_once("}}") else { break };
        part(name, out)?;
        rest = after;
    }
    out.write_all(rest.as_bytes())
}

/// Text as it stands between tags and in attributes.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Writes JSON for a script element, which nothing but `<` can end. In JSON it is only found in strings.
pub(crate) fn write_json(json: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let mut parts = json.split(|&byte| byte == b'<');
    out.write_all(parts.next().unwrap_or_default())?;
    for part in parts {
        out.write_all(b"\\u003c")?;
        out.write_all(part)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_filled_in_once() {
        let mut out = Vec::new();
        let part = |name: &str, out: &mut dyn Write| write!(out, "[{name} {{{{b}}}}]");
        fill("1 {{a}} 2 {{b}} 3", &mut out, part).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "1 [a {{b}}] 2 [b {{b}}] 3");
    }

    #[test]
    fn text_and_data_cannot_end_what_they_stand_in() {
        assert_eq!(escape("<a title=\"&\">"), "&lt;a title=&quot;&amp;&quot;&gt;");
        let data = br#"{"name":"</script><!--"}"#;
        let mut out = Vec::new();
        write_json(data, &mut out).unwrap();
        let written = String::from_utf8(out).unwrap();
        assert!(!written.contains('<'), "{written}");
        let [before, after] = [&data[..], written.as_bytes()]
            .map(|json| serde_json::from_slice::<serde_json::Value>(json).unwrap());
        assert_eq!(before, after);
    }
}
