//! What `--out experimental-prometheus-rw[=URL]` and the `K6_PROMETHEUS_RW_*` variables say.

use std::{collections::BTreeMap, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use percent_encoding::percent_decode_str;
use plimsoll_runtime::tls::{ClientCertificate, TlsConfig, TlsConnector};
use url::{Position, Url};

use super::statistic::Statistic;
use crate::{
    delivery::post::{basic_authorization, secret, user_header},
    variables::Variables,
};

const DEFAULT_URL: &str = "http://localhost:9090/api/v1/write";

const DEFAULT_PUSH_INTERVAL: Duration = Duration::from_secs(5);

const PREFIX: &str = "K6_PROMETHEUS_RW_";

/// Options of the output.
#[derive(Clone)]
pub struct RemoteWriteConfig {
    pub(super) url: Uri,
    pub(super) headers: HeaderMap,
    pub(super) push_interval: Duration,
    pub(super) trends: Trends,
    /// Whether all series are marked as ended at the end of the run.
    pub(super) has_stale_markers: bool,
    pub(super) tls: TlsConnector,
}

/// What is sent of a trend.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Trends {
    /// A series for each.
    Statistics(Vec<Statistic>),
    NativeHistograms,
}

/// What is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not create the 'experimental-prometheus-rw' output: {0}")]
pub struct RemoteWriteConfigError(String);

impl RemoteWriteConfig {
    /// `argument`: what stands behind `--out experimental-prometheus-rw=`, a URL; it wins over the
    /// environment.
    ///
    /// # Errors
    /// On a value that cannot be followed, and on what k6 has and this output has not.
    pub fn parse(
        argument: Option<&str>,
        env: &BTreeMap<String, String>,
    ) -> Result<RemoteWriteConfig, RemoteWriteConfigError> {
        parse(argument, Variables(env)).map_err(RemoteWriteConfigError)
    }
}

fn parse(argument: Option<&str>, env: Variables) -> Result<RemoteWriteConfig, String> {
    let variable = |name: &str| format!("{PREFIX}{name}");
    refuse_sigv4(env)?;
    let url = argument
        .filter(|text| !text.is_empty())
        .or_else(|| env.text(&variable("SERVER_URL")))
        .unwrap_or(DEFAULT_URL);
    let is_native = env.boolean(&variable("TREND_AS_NATIVE_HISTOGRAM"))?.unwrap_or(false);
    let trends = match env.text(&variable("TREND_STATS")) {
        _ if is_native => Trends::NativeHistograms,
        None => Trends::Statistics(vec![Statistic::percentile(99.0)]),
        Some(list) => {
            let parsed = list.split(',').map(|text| Statistic::parse(text.trim()));
            Trends::Statistics(parsed.collect::<Result<_, _>>()?)
        }
    };
    let has_stale_markers = env.boolean(&variable("STALE_MARKERS"))?.unwrap_or(false);
    let (url, credentials) = parse_url(url)?;
    Ok(RemoteWriteConfig {
        url,
        headers: headers(env, credentials)?,
        push_interval: env.duration(&variable("PUSH_INTERVAL"))?.unwrap_or(DEFAULT_PUSH_INTERVAL),
        trends,
        has_stale_markers,
        tls: tls(env)?,
    })
}

fn refuse_sigv4(env: Variables) -> Result<(), String> {
    let is_set = |(name, value): (&str, &str)| (!value.is_empty()).then(|| name.to_owned());
    match env.beginning_with("K6_PROMETHEUS_RW_SIGV4_").find_map(is_set) {
        None => Ok(()),
        Some(name) => Err(format!(
            "{PREFIX}SIGV4_{name} is set, but requests cannot be signed for AWS here; \
             send to a collector or an agent that signs them"
        )),
    }
}

/// An absolute URL without the credentials in it, and those, so that no message shows them.
fn parse_url(text: &str) -> Result<(Uri, Option<HeaderValue>), String> {
    let is_http = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let url = Url::parse(text).ok().filter(is_http);
    let url =
        url.ok_or_else(|| format!("the URL {text:?} is not an http or https URL with a host"))?;
    let plain = |text| percent_decode_str(text).decode_utf8_lossy();
    let credentials = (!url.username().is_empty()).then(|| {
        let password = url.password().unwrap_or_default();
        basic_authorization(&plain(url.username()), &plain(password))
    });
    let bare = format!("{}://{}{}", url.scheme(), authority(&url), &url[Position::BeforePath..]);
    let bare = bare.parse().map_err(|error| format!("the URL {bare:?}: {error}"))?;
    Ok((bare, credentials))
}

fn authority(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::AfterPort]
}

/// The user's own go before those of the variables for credentials, and these before the URL's.
fn headers(env: Variables, credentials: Option<HeaderValue>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let fixed = [
        (header::CONTENT_ENCODING, "snappy"),
        (header::CONTENT_TYPE, "application/x-protobuf"),
        (HeaderName::from_static("x-prometheus-remote-write-version"), "0.1.0"),
        (header::USER_AGENT, concat!("plimsoll/", env!("CARGO_PKG_VERSION"))),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(value) = credentials {
        headers.insert(header::AUTHORIZATION, value);
    }
    if let Some(user) = env.text("K6_PROMETHEUS_RW_USERNAME") {
        let password = env.text("K6_PROMETHEUS_RW_PASSWORD").unwrap_or_default();
        headers.insert(header::AUTHORIZATION, basic_authorization(user, password));
    }
    // With both, k6 sends the token.
    if let Some(token) = env.text("K6_PROMETHEUS_RW_BEARER_TOKEN") {
        let value = secret(&format!("Bearer {token}"))
            .ok_or("K6_PROMETHEUS_RW_BEARER_TOKEN: no header can have it")?;
        headers.insert(header::AUTHORIZATION, value);
    }
    let mut add = |name: &str, value: &str| -> Result<(), String> {
        let (name, value) = user_header(name.trim(), value.trim())?;
        headers.insert(name, value);
        Ok(())
    };
    for pair in env.text("K6_PROMETHEUS_RW_HTTP_HEADERS").into_iter().flat_map(|l| l.split(',')) {
        let (name, value) = pair.split_once(':').ok_or_else(|| {
            format!(
                "the provided header ({pair}) does not respect the expected format <header key>:<value>"
            )
        })?;
        add(name, value)?;
    }
    env.beginning_with("K6_PROMETHEUS_RW_HEADERS_")
        .try_for_each(|(name, value)| add(name, value))?;
    Ok(headers)
}

fn tls(env: Variables) -> Result<TlsConnector, String> {
    let certificate = env.file("K6_PROMETHEUS_RW_CLIENT_CERTIFICATE")?;
    let key = env.file("K6_PROMETHEUS_RW_CLIENT_CERTIFICATE_KEY")?;
    let client_certificates = match (certificate, key) {
        (None, None) => Vec::new(),
        (Some(certificate_pem), Some(key_pem)) => {
            vec![ClientCertificate { certificate_pem, key_pem, ..ClientCertificate::default() }]
        }
        _ => {
            return Err("K6_PROMETHEUS_RW_CLIENT_CERTIFICATE and \
                        K6_PROMETHEUS_RW_CLIENT_CERTIFICATE_KEY go together"
                .to_owned());
        }
    };
    let skips = env.boolean("K6_PROMETHEUS_RW_INSECURE_SKIP_TLS_VERIFY")?.unwrap_or(false);
    let config =
        TlsConfig { insecure_skip_verify: skips, client_certificates, ..TlsConfig::default() };
    TlsConnector::new(&config).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(argument: Option<&str>, env: &[(&str, &str)]) -> Result<RemoteWriteConfig, String> {
        let name = |name: &str| format!("{PREFIX}{name}");
        let env = env.iter().map(|(key, value)| (name(key), (*value).to_owned())).collect();
        RemoteWriteConfig::parse(argument, &env).map_err(|error| error.to_string())
    }

    #[test]
    fn without_a_word_it_is_as_k6_has_it() {
        let config = parse(None, &[]).unwrap();
        assert_eq!(config.url, DEFAULT_URL);
        assert_eq!(config.push_interval, Duration::from_secs(5));
        assert_eq!(config.trends, Trends::Statistics(vec![Statistic::percentile(99.0)]));
        assert!(!config.has_stale_markers);
        assert_eq!(config.headers.get("content-encoding").unwrap(), "snappy");
        assert_eq!(config.headers.get("authorization"), None);
    }

    #[test]
    fn variables_are_k6s_and_the_argument_wins() {
        let env = [
            ("SERVER_URL", "http://env/w"),
            ("PUSH_INTERVAL", "1s"),
            ("TREND_STATS", "p(95), max"),
            ("STALE_MARKERS", "true"),
            ("USERNAME", "u"),
            ("PASSWORD", "p"),
            ("HTTP_HEADERS", "X-A:b,X-C: d:e"),
            ("HEADERS_X-D", "f"),
        ];
        let config = parse(Some("https://arg:1/w"), &env).unwrap();
        assert_eq!(
            (config.url.to_string(), config.has_stale_markers),
            ("https://arg:1/w".to_owned(), true)
        );
        let both = vec![Statistic::percentile(95.0), Statistic::Max];
        assert_eq!(config.trends, Trends::Statistics(both));
        for (name, value) in
            [("authorization", "Basic dTpw"), ("x-a", "b"), ("x-c", "d:e"), ("x-d", "f")]
        {
            assert_eq!(config.headers.get(name).unwrap(), value);
        }
        let native =
            parse(None, &[("TREND_AS_NATIVE_HISTOGRAM", "1"), ("TREND_STATS", "x")]).unwrap();
        assert_eq!(native.trends, Trends::NativeHistograms);
        let token = parse(None, &[("BEARER_TOKEN", "t"), ("USERNAME", "u")]).unwrap();
        assert_eq!(token.headers.get("authorization").unwrap(), "Bearer t");
        let within = parse(Some("http://us%40:pw@[::1]:9/w?a=b"), &[]).unwrap();
        assert_eq!(within.url, "http://[::1]:9/w?a=b");
        assert_eq!(within.headers.get("authorization").unwrap(), "Basic dXNAOnB3");
    }

    #[test]
    fn mistakes_are_told() {
        let check = |env: &[(&str, &str)], expected: &str| {
            let error = parse(None, env).err().unwrap();
            assert!(
                error.starts_with("could not create the 'experimental-prometheus-rw' output: ")
            );
            assert!(error.contains(expected), "{error}");
        };
        check(&[("SERVER_URL", "localhost")], "not an http or https URL");
        check(&[("PUSH_INTERVAL", "abc")], "PUSH_INTERVAL: invalid duration \"abc\"");
        check(&[("STALE_MARKERS", "maybe")], "neither true nor false");
        check(&[("TREND_STATS", "foo")], "invalid trend stat 'foo', unknown format");
        check(
            &[("TREND_STATS", "p(101)")],
            "invalid percentile trend stat value 'p(101)', provide a number between 0 and 100",
        );
        check(&[("HTTP_HEADERS", "a:b,c")], "the provided header (c) does not respect");
        check(&[("SIGV4_REGION", "eu")], "K6_PROMETHEUS_RW_SIGV4_REGION is set, but");
        check(&[("CLIENT_CERTIFICATE", "/nowhere.pem")], "/nowhere.pem: No such file");
    }
}
