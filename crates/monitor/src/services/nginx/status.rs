//! The page of nginx's `stub_status`.

/// What the page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    pub active: u64,
    /// Since the server's start, as the next two.
    pub accepted: u64,
    pub handled: u64,
    pub requests: u64,
    pub reading: u64,
    pub writing: u64,
    pub waiting: u64,
}

/// Reads the page; `None` when it is another.
pub fn parse(page: &str) -> Option<Status> {
    let mut lines = page.lines().map(str::trim);
    let active = lines.next()?.strip_prefix("Active connections:")?.trim().parse().ok()?;
    if !lines.next()?.starts_with("server accepts handled requests") {
        return None;
    }
    // With Tengine's fourth number, the time of all requests, behind them.
    let mut totals = lines.next()?.split_ascii_whitespace().map(str::parse);
    let (accepted, handled, requests) =
        (totals.next()?.ok()?, totals.next()?.ok()?, totals.next()?.ok()?);
    let words: Vec<&str> = lines.next()?.split_ascii_whitespace().collect();
    let ["Reading:", reading, "Writing:", writing, "Waiting:", waiting] = words[..] else {
        return None;
    };
    Some(Status {
        active,
        accepted,
        handled,
        requests,
        reading: reading.parse().ok()?,
        writing: writing.parse().ok()?,
        waiting: waiting.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page() {
        let page = "Active connections: 291 \nserver accepts handled requests\n 16630948 16630945 31070465 \n\
            Reading: 6 Writing: 179 Waiting: 106 \n";
        let expected = Status {
            active: 291,
            accepted: 16_630_948,
            handled: 16_630_945,
            requests: 31_070_465,
            reading: 6,
            writing: 179,
            waiting: 106,
        };
        assert_eq!(parse(page), Some(expected));
        let tengine =
            page.replace("requests\n", "requests request_time\n").replace("465 ", "465 99");
        assert_eq!(parse(&tengine), Some(expected));
    }

    #[test]
    fn other_pages() {
        for page in [
            "",
            "<html>",
            "Active connections: x",
            "Active connections: 1\nserver accepts handled requests\n1 2\nReading: 0 Writing: 1 Waiting: 0",
            "Active connections: 1\nserver accepts handled requests\n1 2 3\nReading: 0 Writing: 1",
            "Active connections: 99999999999999999999\nserver accepts handled requests\n1 2 3",
        ] {
            assert_eq!(parse(page), None, "{page}");
        }
    }
}
