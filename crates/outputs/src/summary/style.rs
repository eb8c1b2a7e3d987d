//! Colors of the summary, with k6's escape sequences.

/// Colors text, or leaves it as it is.
#[derive(Clone, Copy)]
pub(super) struct Style {
    pub(super) color: bool,
}

impl Style {
    fn paint(self, codes: &str, text: &str) -> String {
        if self.color { format!("\x1b[{codes}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(super) fn red(self, text: &str) -> String {
        self.paint("31", text)
    }

    pub(super) fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    pub(super) fn cyan(self, text: &str) -> String {
        self.paint("36", text)
    }

    pub(super) fn white(self, text: &str) -> String {
        self.paint("37", text)
    }

    pub(super) fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    pub(super) fn faint_white(self, text: &str) -> String {
        self.paint("2;37", text)
    }

    pub(super) fn faint_cyan(self, text: &str) -> String {
        self.paint("2;36", text)
    }

    /// The legacy summary's order of the same codes.
    pub(super) fn cyan_faint(self, text: &str) -> String {
        self.paint("36;2", text)
    }

    /// `✓` or `✗`.
    pub(super) fn mark(self, ok: bool) -> String {
        if ok { self.green("✓") } else { self.red("✗") }
    }
}
