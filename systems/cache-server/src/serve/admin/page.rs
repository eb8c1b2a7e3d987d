//! Prometheus's text format 0.0.4.

use std::fmt::{Display, Write as _};

/// A page of metrics, written family by family.
#[derive(Debug, Default)]
pub(crate) struct Page(String);

/// One family: the lines below its heading.
#[derive(Debug)]
pub(crate) struct Family<'p> {
    page: &'p mut String,
    name: &'static str,
}

impl Page {
    /// What only grows; the name ends in `_total`.
    pub(crate) fn counter(&mut self, name: &'static str, help: &str) -> Family<'_> {
        debug_assert!(name.ends_with("_total"), "{name}");
        self.family(name, "counter", help)
    }

    /// What goes up and down.
    pub(crate) fn gauge(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "gauge", help)
    }

    fn family(&mut self, name: &'static str, kind: &str, help: &str) -> Family<'_> {
        debug_assert!(!self.0.contains(&format!("# TYPE {name} ")), "{name} is there twice");
        // Writing to a string cannot fail.
        write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n").ok();
        Family { page: &mut self.0, name }
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

impl Family<'_> {
    /// A line without labels.
    pub(crate) fn value(&mut self, value: impl Display) {
        self.labelled(&[], value);
    }

    pub(crate) fn labelled(&mut self, labels: &[(&str, &str)], value: impl Display) {
        self.page.push_str(self.name);
        for (index, (name, value)) in labels.iter().enumerate() {
            let mark = if index == 0 { '{' } else { ',' };
            write!(self.page, "{mark}{name}=\"").ok();
            escape(self.page, value);
            self.page.push('"');
        }
        if !labels.is_empty() {
            self.page.push('}');
        }
        writeln!(self.page, " {value}").ok();
    }
}

fn escape(text: &mut String, value: &str) {
    for character in value.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_have_headings_and_labels_are_escaped() {
        let mut page = Page::default();
        page.gauge("a", "What a is.").value(1.5);
        let mut family = page.counter("b_total", "What b is.");
        family.labelled(&[("x", "1"), ("y", "a\"\\\n")], 2);
        family.labelled(&[("x", "2")], 3);
        let expected = "# HELP a What a is.\n# TYPE a gauge\na 1.5\n# HELP b_total What b is.\n# TYPE \
             b_total counter\nb_total{x=\"1\",y=\"a\\\"\\\\\\n\"} 2\nb_total{x=\"2\"} 3\n";
        assert_eq!(page.into_text(), expected);
    }
}
