//! Rules: which keys come from where, and for how long.

use std::sync::{Arc, atomic::AtomicUsize};

use http::{HeaderValue, Uri};

use super::{
    breaker::Breaker,
    pattern::{Pattern, Template},
};

/// Longest time that a rule or an origin may say, in milliseconds: ten years, so that no sum is too large.
pub(super) const TIME_MILLIS_MAX: u64 = 10 * 365 * 86_400_000;
/// Most rules: each miss looks at them in turn.
pub(super) const RULES_MAX: usize = 64;
/// Largest beta of early refreshes, in percent: so eager is nobody.
pub(in crate::serve) const EARLY_REFRESH_MAX: u64 = 10_000;

/// Where a rule leads to: rules with the same scheme, host and port share one.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) is_secure: bool,
    /// In small letters, and without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
    /// `host` or `host:port`, as the origin is told.
    pub(super) authority: HeaderValue,
    /// Tells sites apart.
    pub(super) name: String,
    pub(super) breaker: Breaker,
}

/// One rule. What it leaves open, the origin or the settings decide. Times in milliseconds.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) pattern: Pattern,
    pub(super) site: Arc<Site>,
    pub(super) path: Template,
    pub(super) options: Options,
    /// Fills of it under way.
    pub(super) fills: AtomicUsize,
}

/// What a rule says after its URL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) ttl: Option<u64>,
    pub(super) negative_ttl: Option<u64>,
    pub(super) stale_while_revalidate: Option<u64>,
    pub(super) stale_if_error: Option<u64>,
    pub(super) revalidate: Option<u64>,
    pub(super) timeout: Option<u64>,
    /// In percent, as the next one.
    pub(super) jitter: Option<u64>,
    pub(super) early_refresh: Option<u64>,
    pub(super) fills_max: Option<usize>,
}

impl Rule {
    /// Reads `PATTERN=URL;option=value;...`. `known` are sites that there are already.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub(super) fn read(text: &str, known: &mut Vec<Arc<Site>>) -> Result<Rule, String> {
        let wrong = |why: &str| format!("'{text}': {why}");
        let (pattern, rest) = text
            .split_once('=')
            .filter(|(pattern, _)| !pattern.is_empty())
            .ok_or_else(|| wrong("write PATTERN=URL"))?;
        let mut words = rest.split(';');
        let url = words.next().unwrap_or_default();
        let pattern = Pattern::new(pattern);
        let (site, path) = Site::read(url).map_err(|why| wrong(&why))?;
        let path = Template::new(path, pattern.stars()).map_err(|why| wrong(&why))?;
        let mut options = Options::default();
        for word in words {
            options.read(word).map_err(|why| wrong(&why))?;
        }
        let site = match known.iter().find(|other| other.name == site.name) {
            Some(other) => Arc::clone(other),
            None => {
                let site = Arc::new(site);
                known.push(Arc::clone(&site));
                site
            }
        };
        Ok(Rule { pattern, site, path, options, fills: AtomicUsize::new(0) })
    }

    /// The path of a key, if it is this rule's.
    pub(super) fn path_of(&self, key: &[u8]) -> Option<String> {
        self.path.fill(key, &self.pattern.captures(key)?)
    }
}

impl Site {
    /// The site of a URL, and what follows it.
    ///
    /// # Errors
    /// What is wrong, for people; without anything of the URL.
    pub(super) fn read(url: &str) -> Result<(Site, &str), String> {
        let no_url = "not an http or https URL with a host";
        let (scheme, rest) = url.split_once("://").ok_or(no_url)?;
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(at).unwrap_or((rest, ""));
        if authority.contains(['{', '@']) {
            return Err("neither users nor places for keys can be in front of the path".to_owned());
        }
        if url.contains('#') {
            return Err("a fragment is never sent".to_owned());
        }
        let is_secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(no_url.to_owned()),
        };
        let base: Uri = format!("{scheme}://{authority}/").parse().map_err(|_| no_url)?;
        let host = base.host().filter(|host| !host.is_empty()).ok_or(no_url)?;
        let port = match authority.strip_prefix(host).ok_or(no_url)? {
            "" => {
                if is_secure {
                    443
                } else {
                    80
                }
            }
            port => port.strip_prefix(':').and_then(|port| port.parse().ok()).ok_or(no_url)?,
        };
        // In whichever case it is written, it is the same one.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let site = Site {
            is_secure,
            name: format!("{}:{host}:{port}", scheme.to_ascii_lowercase()),
            host,
            port,
            authority: HeaderValue::from_str(authority).map_err(|_| no_url)?,
            breaker: Breaker::default(),
        };
        Ok((site, path))
    }

    pub(super) fn scheme(&self) -> &'static str {
        if self.is_secure { "https" } else { "http" }
    }
}

impl Options {
    fn read(&mut self, word: &str) -> Result<(), String> {
        let wrong = || format!("'{word}' is no option with a value");
        let (name, value) = word.split_once('=').ok_or_else(wrong)?;
        let time = || millis(value).ok_or_else(wrong);
        let number =
            |max: u64| value.parse::<u64>().ok().filter(|number| *number <= max).ok_or_else(wrong);
        match name {
            "ttl" => self.ttl = Some(time()?),
            "negative-ttl" => self.negative_ttl = Some(time()?),
            "stale-while-revalidate" => self.stale_while_revalidate = Some(time()?),
            "stale-if-error" => self.stale_if_error = Some(time()?),
            "revalidate" => self.revalidate = Some(time()?),
            "timeout" => self.timeout = Some(time()?.max(1)),
            "jitter" => self.jitter = Some(number(100)?),
            "early-refresh" => self.early_refresh = Some(number(EARLY_REFRESH_MAX)?),
            "max-fills" => self.fills_max = usize::try_from(number(u32::MAX.into())?).ok(),
            _ => {
                return Err(format!(
                    "no option '{name}'; there are ttl, negative-ttl, stale-while-revalidate, \
                     stale-if-error, revalidate, early-refresh, timeout, jitter, max-fills"
                ));
            }
        }
        Ok(())
    }
}

/// `500ms`, `60s`, `5m`, `2h`, `7d`; seconds without a unit. At most [`TIME_MILLIS_MAX`].
pub(super) fn millis(text: &str) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let factor = match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor).filter(|millis| *millis <= TIME_MILLIS_MAX)
}

/// Reads rules with blanks between them.
///
/// # Errors
/// What is wrong with the first that is, for people.
pub(super) fn read_all(text: &str, mut known: Vec<Arc<Site>>) -> Result<Vec<Arc<Rule>>, String> {
    let rules: Result<Vec<Arc<Rule>>, String> =
        text.split_whitespace().map(|rule| Rule::read(rule, &mut known).map(Arc::new)).collect();
    match rules {
        Ok(rules) if rules.len() > RULES_MAX => {
            Err(format!("there may be {RULES_MAX} rules at most"))
        }
        rules => rules,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_says_where_and_for_how_long() {
        let text = "user:*=http://127.0.0.1:9000/users/{1}?a=b;ttl=5m;stale-if-error=1h;jitter=0\
                    ;early-refresh=100;revalidate=1d";
        let rules = read_all(&format!("{text} a=https://[::1]/a b=HTTPS://[::1]"), Vec::new());
        let rules = rules.unwrap();
        let options = Options {
            ttl: Some(300_000),
            stale_if_error: Some(3_600_000),
            revalidate: Some(86_400_000),
            jitter: Some(0),
            early_refresh: Some(100),
            ..Options::default()
        };
        assert_eq!(rules[0].options, options);
        assert_eq!(rules[0].path_of(b"user:1").as_deref(), Some("/users/1?a=b"));
        assert_eq!((rules[0].site.port, rules[0].site.is_secure), (9000, false));
        assert_eq!((rules[1].site.host.as_str(), rules[1].site.port), ("::1", 443));
        assert!(Arc::ptr_eq(&rules[1].site, &rules[2].site));
        assert_eq!(rules[1].path_of(b"user:1"), None);
        let rules =
            read_all("a=http://Example.com/a b=http://example.COM:80/b", Vec::new()).unwrap();
        assert!(Arc::ptr_eq(&rules[0].site, &rules[1].site));
        assert_eq!(rules[0].site.authority, "Example.com");
    }

    #[test]
    fn rules_that_cannot_be() {
        for (rule, why) in [
            ("user:*", "write PATTERN=URL"),
            ("=http://h/", "write PATTERN=URL"),
            ("a=ftp://h/", "not an http or https URL"),
            ("a=http:///x", "not an http or https URL"),
            ("a=http://h:x/", "not an http or https URL"),
            ("a=http://u:p@h/", "neither users"),
            ("*=http://{1}/", "neither users"),
            ("a=http://h/{1}", "no '*' for {1}"),
            ("a=http://h/#x", "a fragment"),
            ("a=http://h/;ttl=1x", "'ttl=1x' is no option with a value"),
            ("a=http://h/;ttl=99999999999d", "'ttl=99999999999d' is no option"),
            ("a=http://h/;jitter=101", "'jitter=101' is no option"),
            ("a=http://h/;early-refresh=10001", "'early-refresh=10001' is no option"),
            ("a=http://h/;tll=1", "no option 'tll'"),
        ] {
            let found = read_all(rule, Vec::new()).unwrap_err();
            assert!(found.contains(why), "{rule}: {found}");
        }
        let many = "a=http://h/ ".repeat(RULES_MAX + 1);
        assert!(read_all(&many, Vec::new()).unwrap_err().contains("at most"));
    }
}
