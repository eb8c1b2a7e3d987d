//! Headers that each request to an origin carries, as the parameter `origin-header` names them. What they say
//! is secret: nobody is told of it, not even in an error.

use std::collections::HashMap;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::rule::Site;

/// Most headers, of all origins together.
const HEADERS_MAX: usize = 64;
/// Longest value, in bytes: more than that servers do not take.
const VALUE_BYTES_MAX: usize = 8 << 10;
/// What stands for a value.
const VEIL: &str = "***";
/// Those that say how a message is sent, what its sender understands, or which part of what version it
/// wants: that is for the client to say.
const RESERVED: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The headers of all origins, by the names of their sites.
#[derive(Debug, Default)]
pub(super) struct OwnHeaders(HashMap<String, HeaderMap>);

/// One header as it was written.
struct Line<'t> {
    /// Of the origin, without a path.
    url: &'t str,
    site: Site,
    name: HeaderName,
    value: HeaderValue,
}

impl OwnHeaders {
    /// Reads lines `URL NAME: VALUE`.
    ///
    /// # Errors
    /// What is wrong with the first that is, for people; without its value.
    pub(super) fn read(text: &str) -> Result<OwnHeaders, String> {
        let mut all: HashMap<String, HeaderMap> = HashMap::new();
        for line in lines(text) {
            let Line { site, name, value, .. } = line?;
            all.entry(site.name).or_default().append(name, value);
        }
        Ok(OwnHeaders(all))
    }

    pub(super) fn of(&self, site: &Site) -> Option<&HeaderMap> {
        self.0.get(&site.name)
    }

    /// The origins that have some.
    pub(super) fn sites(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

fn lines(text: &str) -> impl Iterator<Item = Result<Line<'_>, String>> {
    let written = text.lines().map(str::trim).filter(|line| !line.is_empty());
    written.enumerate().map(|(index, line)| {
        if index >= HEADERS_MAX {
            return Err(format!("there may be {HEADERS_MAX} headers at most"));
        }
        Line::read(line).map_err(|why| format!("header {}: {why}", index + 1))
    })
}

impl Line<'_> {
    fn read(line: &str) -> Result<Line<'_>, String> {
        let form = "write 'URL NAME: VALUE'";
        let (url, field) = line.split_once(char::is_whitespace).ok_or(form)?;
        let (site, path) = Site::read(url)?;
        if !matches!(path, "" | "/") {
            return Err("they are the same for all paths of an origin".to_owned());
        }
        let (name, value) = field.split_once(':').ok_or(form)?;
        let name = HeaderName::from_bytes(name.trim().as_bytes())
            .map_err(|_| "its name is none that a header can have")?;
        if RESERVED.contains(&name.as_str()) {
            return Err(format!("'{name}' is not for others to say"));
        }
        let value = value.trim();
        if value == VEIL {
            return Err(format!("'{VEIL}' only stands for the value of '{name}'"));
        }
        if value.len() > VALUE_BYTES_MAX {
            return Err(format!("'{name}' may have {VALUE_BYTES_MAX} bytes at most"));
        }
        let mut value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| format!("the value of '{name}' has a byte that no header can have"))?;
        // Not even the debug format shows it.
        value.set_sensitive(true);
        Ok(Line { url: url.trim_end_matches('/'), site, name, value })
    }
}

/// Whether `origin-header` may be that; one header in each line.
pub(in crate::serve) fn check_headers(text: &str) -> Result<String, String> {
    let written = lines(text).map(|line| {
        let Line { url, name, value, .. } = line?;
        Ok(format!("{url} {name}: {}", String::from_utf8_lossy(value.as_bytes())))
    });
    Ok(written.collect::<Result<Vec<String>, String>>()?.join("\n"))
}

/// What everybody may see of it.
pub(in crate::serve) fn veil_headers(text: &str) -> String {
    let veiled = lines(text)
        .map_while(Result::ok)
        .map(|Line { url, name, .. }| format!("{url} {name}: {VEIL}"));
    veiled.collect::<Vec<String>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::origin::rule::read_all;

    const SECRET: &str = "Bearer sesame=1:2";

    #[test]
    fn headers_belong_to_their_origin() {
        let text = format!(
            "http://h:80/ Authorization: {SECRET}\n\n  https://H x-a:1\nhttps://h X-A: two words "
        );
        let headers = OwnHeaders::read(&text).unwrap();
        let rules = read_all("a=http://h/ b=https://h/x c=http://g/", Vec::new()).unwrap();
        let of = |rule: usize| headers.of(&rules[rule].site);
        assert_eq!(of(0).unwrap()["authorization"], SECRET);
        let all: Vec<&HeaderValue> = of(1).unwrap().get_all("x-a").iter().collect();
        assert_eq!(all, ["1", "two words"]);
        assert_eq!(of(2), None);
        assert!(!format!("{headers:?}").contains("sesame"));
        assert_eq!(headers.sites().count(), 2);
        let shown = check_headers(&text).unwrap();
        assert_eq!(
            shown,
            format!(
                "http://h:80 authorization: {SECRET}\nhttps://H x-a: 1\nhttps://h x-a: two words"
            )
        );
        assert_eq!(check_headers(&shown), Ok(shown.clone()));
        let veiled = "http://h:80 authorization: ***\nhttps://H x-a: ***\nhttps://h x-a: ***";
        assert_eq!(veil_headers(&shown), veiled);
        assert_eq!(check_headers(" \n").as_deref(), Ok(""));
    }

    #[test]
    fn headers_that_cannot_be() {
        for (line, why) in [
            ("sesame", "write 'URL NAME: VALUE'"),
            ("http://h sesame", "write 'URL NAME: VALUE'"),
            ("h A: sesame", "not an http or https URL"),
            ("http://u:sesame@h A: b", "neither users"),
            ("http://h/x A: sesame", "for all paths"),
            ("http://h sesame open: x", "its name is none"),
            ("http://h : sesame", "its name is none"),
            ("http://h Host: g\nhttp://h Range: sesame", "header 2: 'range' is not for others"),
            ("http://h A: sesame\x01", "the value of 'a' has a byte"),
            ("http://h A: ***", "'***' only stands for the value of 'a'"),
        ] {
            let found = check_headers(line).unwrap_err();
            assert!(found.contains(why) && !found.contains("sesame"), "{line}: {found}");
        }
        let long = format!("http://h A: {}", "x".repeat(VALUE_BYTES_MAX + 1));
        assert!(check_headers(&long).unwrap_err().contains("bytes at most"));
        let many = "http://h A: b\n".repeat(HEADERS_MAX + 1);
        assert!(check_headers(&many).unwrap_err().contains("64 headers at most"));
    }
}
