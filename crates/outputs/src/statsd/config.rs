//! What `--out statsd=HOST:PORT` and the `K6_STATSD_*` variables say.

use std::{collections::BTreeMap, time::Duration};

use crate::variables::Variables;

const DEFAULT_HOST: &str = "localhost";
const DEFAULT_PORT: u16 = 8125;
const DEFAULT_NAMESPACE: &str = "k6.";

/// Lines in one datagram.
const DEFAULT_BUFFER_SIZE: usize = 20;

/// Tags with more values than a statsd server should keep apart.
const DEFAULT_TAG_BLOCKLIST: &str = "vu,iter,url";

/// Options of the statsd output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatsdConfig {
    /// Without brackets.
    pub host: String,
    pub port: u16,
    /// Stands before every name, with its dot.
    pub namespace: String,
    pub push_interval: Duration,
    /// Lines in one datagram at most; 1 to any number, fewer where they fill it.
    pub buffer_size: usize,
    /// Whether lines have tags, in the form of DogStatsD.
    pub enable_tags: bool,
    /// Those that they do not have.
    pub tag_blocklist: Vec<String>,
}

/// What is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not create the 'statsd' output: {0}")]
pub struct StatsdConfigError(String);

impl StatsdConfig {
    /// `argument`: what stands behind `--out statsd=`; it wins over the environment.
    ///
    /// # Errors
    /// On an address, number, duration or truth value that makes no sense.
    pub fn parse(
        argument: Option<&str>,
        env: &BTreeMap<String, String>,
    ) -> Result<StatsdConfig, StatsdConfigError> {
        let env = Variables(env);
        let address = argument.filter(|text| !text.is_empty()).or(env.text("K6_STATSD_ADDR"));
        let (host, port) = match address {
            None => (DEFAULT_HOST.to_owned(), DEFAULT_PORT),
            Some(text) => split_address(text)
                .ok_or_else(|| StatsdConfigError(format!("{text:?} is no HOST:PORT")))?,
        };
        let mut namespace = env.text("K6_STATSD_NAMESPACE").unwrap_or(DEFAULT_NAMESPACE).to_owned();
        if !namespace.ends_with('.') {
            namespace.push('.');
        }
        let push_interval = env.duration("K6_STATSD_PUSH_INTERVAL").map_err(StatsdConfigError)?;
        let push_interval = push_interval.unwrap_or(Duration::from_secs(1));
        if push_interval.is_zero() {
            return Err(StatsdConfigError("K6_STATSD_PUSH_INTERVAL: must be positive".to_owned()));
        }
        let buffer_size = match env.text("K6_STATSD_BUFFER_SIZE") {
            None => DEFAULT_BUFFER_SIZE,
            Some(text) => text.parse().ok().filter(|size| *size > 0).ok_or_else(|| {
                StatsdConfigError(format!("K6_STATSD_BUFFER_SIZE: {text:?} is no positive number"))
            })?,
        };
        let enable_tags = env.boolean("K6_STATSD_ENABLE_TAGS").map_err(StatsdConfigError)?;
        let blocklist = env.text("K6_STATSD_TAG_BLOCKLIST").unwrap_or(DEFAULT_TAG_BLOCKLIST);
        let tag_blocklist = blocklist.split(',').map(|tag| tag.trim().to_owned()).collect();
        Ok(StatsdConfig {
            host,
            port,
            namespace,
            push_interval,
            buffer_size,
            enable_tags: enable_tags.unwrap_or(false),
            tag_blocklist,
        })
    }

    /// For messages.
    pub fn address(&self) -> String {
        let brackets = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        format!("{}{}{}:{}", brackets.0, self.host, brackets.1, self.port)
    }
}

/// `host`, `host:port`, `[address]:port`, each with or without `udp://`.
fn split_address(text: &str) -> Option<(String, u16)> {
    let text = text.strip_prefix("udp://").unwrap_or(text);
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (text, DEFAULT_PORT),
    };
    let bare = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?,
        // More than one colon is an address without brackets, where the port cannot be told.
        None => Some(host).filter(|host| !host.contains(':'))?,
    };
    let is_host = !bare.is_empty() && !bare.contains(['/', ' ']);
    is_host.then(|| (bare.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(argument: Option<&str>, env: &[(&str, &str)]) -> Result<StatsdConfig, String> {
        let pairs = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        StatsdConfig::parse(argument, &pairs.collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_those_of_the_extension() {
        insta::assert_snapshot!(
            format!("{:?}", check(None, &[]).unwrap()),
            @r#"StatsdConfig { host: "localhost", port: 8125, namespace: "k6.", push_interval: 1s, buffer_size: 20, enable_tags: false, tag_blocklist: ["vu", "iter", "url"] }"#
        );
    }

    #[test]
    fn variables_and_an_address_that_wins() {
        let env = [
            ("K6_STATSD_ADDR", "other:1"),
            ("K6_STATSD_NAMESPACE", "load"),
            ("K6_STATSD_PUSH_INTERVAL", "500ms"),
            ("K6_STATSD_BUFFER_SIZE", "3"),
            ("K6_STATSD_ENABLE_TAGS", "true"),
            ("K6_STATSD_TAG_BLOCKLIST", "a, b"),
        ];
        insta::assert_snapshot!(
            format!("{:?}", check(Some("h"), &env).unwrap()),
            @r#"StatsdConfig { host: "h", port: 8125, namespace: "load.", push_interval: 500ms, buffer_size: 3, enable_tags: true, tag_blocklist: ["a", "b"] }"#
        );
    }

    #[test]
    fn addresses() {
        for (text, address) in [
            ("h:1", Some("h:1")),
            ("udp://h:1", Some("h:1")),
            ("[::1]:1", Some("[::1]:1")),
            ("[::1]", Some("[::1]:8125")),
            ("::1", None),
            ("h:x", None),
            (":1", None),
            ("http://h:1", None),
        ] {
            let parsed = check(Some(text), &[]);
            assert_eq!(parsed.ok().map(|config| config.address()).as_deref(), address, "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (variable, value) in [
            ("K6_STATSD_BUFFER_SIZE", "0"),
            ("K6_STATSD_PUSH_INTERVAL", "0s"),
            ("K6_STATSD_PUSH_INTERVAL", "x"),
            ("K6_STATSD_ENABLE_TAGS", "x"),
        ] {
            let message = check(None, &[(variable, value)]).unwrap_err();
            let begin = format!("could not create the 'statsd' output: {variable}: ");
            assert!(message.starts_with(&begin), "{message}");
        }
    }
}
