//! What `--out opentelemetry[=URL]`, the `K6_OTEL_*` variables and some of `OTEL_*` say.

use std::{collections::BTreeMap, time::Duration};

use http::{HeaderMap, Uri};
use percent_encoding::percent_decode_str;
use plimsoll_runtime::tls::{ClientCertificate, TlsConfig, TlsConnector};

use super::endpoint;
use crate::{delivery::post::user_header, variables::Variables};

const DEFAULT_EXPORT_INTERVAL: Duration = Duration::from_secs(10);

/// Options of the output.
#[derive(Clone)]
pub struct OtlpConfig {
    pub(super) protocol: OtlpProtocol,
    pub(super) url: Uri,
    /// The user's.
    pub(super) headers: HeaderMap,
    pub(super) tls: TlsConnector,
    pub(super) is_compressed: bool,
    pub(super) export_interval: Duration,
    pub(super) prefix: String,
    /// Of the resource, in order of their keys.
    pub(super) attributes: BTreeMap<String, String>,
    /// Whether sums begin anew with each export.
    pub(super) is_delta: bool,
    /// Whether histograms have bounds that follow from the values.
    pub(super) is_exponential: bool,
    /// Whether a rate is one counter, its outcomes told apart by an attribute.
    pub(super) has_single_rate: bool,
}

/// What the requests are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtlpProtocol {
    Grpc,
    Http,
}

/// What is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not create the '{kind}' output: {message}")]
pub struct OtlpConfigError {
    kind: String,
    message: String,
}

impl OtlpConfig {
    /// `kind`: the output's name, of which k6's older one, `experimental-opentelemetry`, sends rates
    /// as two counters unless told otherwise, as the releases that have it do. `argument`: a URL,
    /// `http://` or `grpc://` (with an s for TLS), which wins over the environment.
    ///
    /// # Errors
    /// On a value that cannot be followed.
    pub fn parse(
        kind: &str,
        argument: Option<&str>,
        env: &BTreeMap<String, String>,
    ) -> Result<OtlpConfig, OtlpConfigError> {
        parse(kind, argument.filter(|text| !text.is_empty()), Variables(env))
            .map_err(|message| OtlpConfigError { kind: kind.to_owned(), message })
    }
}

fn parse(kind: &str, argument: Option<&str>, env: Variables) -> Result<OtlpConfig, String> {
    let (protocol, url) = match argument {
        Some(url) => endpoint::named(url)?,
        None => endpoint::from_environment(env)?,
    };
    let has_single_rate = env
        .boolean("K6_OTEL_SINGLE_COUNTER_FOR_RATE")?
        .unwrap_or_else(|| !kind.starts_with("experimental-"));
    env.duration("K6_OTEL_FLUSH_INTERVAL")?;
    let temporality = env.text("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE");
    let histograms = env.text("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION");
    let compression = env
        .text("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION")
        .or_else(|| env.text("OTEL_EXPORTER_OTLP_COMPRESSION"));
    let export_interval = env.duration("K6_OTEL_EXPORT_INTERVAL")?;
    let is = |value: Option<&str>, word| value.is_some_and(|v| v.eq_ignore_ascii_case(word));
    Ok(OtlpConfig {
        protocol,
        url,
        headers: headers(env)?,
        tls: tls(env)?,
        is_compressed: is(compression, "gzip"),
        export_interval: export_interval.unwrap_or(DEFAULT_EXPORT_INTERVAL),
        prefix: env.text("K6_OTEL_METRIC_PREFIX").unwrap_or_default().to_owned(),
        attributes: attributes(env)?,
        is_delta: is(temporality, "delta") || is(temporality, "lowmemory"),
        is_exponential: is(histograms, "base2_exponential_bucket_histogram"),
        has_single_rate,
    })
}

/// `key=value,key=value`, values percent-encoded.
fn pairs(name: &str, list: Option<&str>) -> Result<Vec<(String, String)>, String> {
    let list = list.unwrap_or_default().split(',').filter(|pair| !pair.trim().is_empty());
    let pair = |pair: &str| {
        let (key, value) =
            pair.split_once('=').ok_or_else(|| format!("{name}: {pair:?} is not key=value"))?;
        let value = percent_decode_str(value.trim()).decode_utf8();
        let value = value.map_err(|_| format!("{name}: {pair:?} is not UTF-8"))?;
        Ok((key.trim().to_owned(), value.into_owned()))
    };
    list.map(pair).collect()
}

fn headers(env: Variables) -> Result<HeaderMap, String> {
    let names =
        ["K6_OTEL_HEADERS", "OTEL_EXPORTER_OTLP_METRICS_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];
    let mut headers = HeaderMap::new();
    let Some(name) = names.into_iter().find(|name| env.text(name).is_some()) else {
        return Ok(headers);
    };
    for (key, value) in pairs(name, env.text(name))? {
        let (key, value) =
            user_header(&key, &value).map_err(|message| format!("{name}: {message}"))?;
        headers.insert(key, value);
    }
    Ok(headers)
}

/// What tells this run's metrics from those of others.
fn attributes(env: Variables) -> Result<BTreeMap<String, String>, String> {
    const NAME: &str = "OTEL_RESOURCE_ATTRIBUTES";
    let mut attributes: BTreeMap<String, String> =
        pairs(NAME, env.text(NAME))?.into_iter().collect();
    let version = env!("CARGO_PKG_VERSION");
    let mut set = |key: &str, value: &str| attributes.insert(key.to_owned(), value.to_owned());
    let service = env.text("K6_OTEL_SERVICE_NAME").or_else(|| env.text("OTEL_SERVICE_NAME"));
    // Dashboards look for k6's.
    set("service.name", service.unwrap_or("k6"));
    set("service.version", env.text("K6_OTEL_SERVICE_VERSION").unwrap_or(version));
    set("telemetry.sdk.language", "rust");
    set("telemetry.sdk.name", "plimsoll");
    set("telemetry.sdk.version", version);
    Ok(attributes)
}

fn tls(env: Variables) -> Result<TlsConnector, String> {
    let certificate = env.file("K6_OTEL_TLS_CLIENT_CERTIFICATE")?;
    let client_certificates = match (certificate, env.file("K6_OTEL_TLS_CLIENT_KEY")?) {
        (None, None) => Vec::new(),
        (Some(certificate_pem), Some(key_pem)) => {
            vec![ClientCertificate { certificate_pem, key_pem, ..ClientCertificate::default() }]
        }
        _ => {
            return Err(
                "K6_OTEL_TLS_CLIENT_CERTIFICATE and K6_OTEL_TLS_CLIENT_KEY go together".to_owned()
            );
        }
    };
    let config = TlsConfig {
        insecure_skip_verify: env.boolean("K6_OTEL_TLS_INSECURE_SKIP_VERIFY")?.unwrap_or(false),
        client_certificates,
        extra_roots_pem: env.file("K6_OTEL_TLS_CERTIFICATE")?.into_iter().collect(),
        ..TlsConfig::default()
    };
    TlsConnector::new(&config).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(argument: Option<&str>, env: &[(&str, &str)]) -> Result<OtlpConfig, String> {
        let env = env.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        OtlpConfig::parse("opentelemetry", argument, &env).map_err(|error| error.to_string())
    }

    #[test]
    fn without_a_word_it_is_as_k6_has_it() {
        let config = parse(None, &[]).unwrap();
        assert_eq!(config.protocol, OtlpProtocol::Grpc);
        assert!(config.url.to_string().starts_with("https://localhost:4317/opentelemetry."));
        assert_eq!(config.export_interval, Duration::from_secs(10));
        assert!(config.has_single_rate && !config.is_delta && !config.is_exponential);
        assert_eq!(config.attributes["service.name"], "k6");
        let old = OtlpConfig::parse("experimental-opentelemetry", None, &BTreeMap::new()).unwrap();
        assert!(!old.has_single_rate);
    }

    #[test]
    fn variables_are_k6s_and_those_of_the_sdk() {
        let config = parse(
            None,
            &[
                ("K6_OTEL_HEADERS", "a=b,c=d%20e"),
                ("OTEL_EXPORTER_OTLP_HEADERS", "x=y"),
                ("K6_OTEL_METRIC_PREFIX", "k6_"),
                ("K6_OTEL_EXPORT_INTERVAL", "1s"),
                ("OTEL_RESOURCE_ATTRIBUTES", "a=b,service.name=zz"),
                ("OTEL_SERVICE_NAME", "yy"),
                ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "Delta"),
                (
                    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
                    "base2_exponential_bucket_histogram",
                ),
                ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
                ("K6_OTEL_SINGLE_COUNTER_FOR_RATE", "false"),
            ],
        )
        .unwrap();
        assert_eq!(config.headers.get("c").unwrap(), "d e");
        assert_eq!(config.headers.get("x"), None);
        assert_eq!(
            (config.attributes["a"].as_str(), &*config.attributes["service.name"]),
            ("b", "yy")
        );
        assert!(config.is_delta && config.is_exponential && config.is_compressed);
        assert!(!config.has_single_rate);
        assert_eq!(
            (config.prefix.as_str(), config.export_interval),
            ("k6_", Duration::from_secs(1))
        );
    }

    #[test]
    fn mistakes_are_told() {
        let check = |argument, env: &[(&str, &str)], expected: &str| {
            let error = parse(argument, env).err().unwrap();
            assert!(error.starts_with("could not create the 'opentelemetry' output: "), "{error}");
            assert!(error.contains(expected), "{error}");
        };
        check(None, &[("K6_OTEL_EXPORTER_TYPE", "foo")], "unsupported exporter type \"foo\"");
        check(None, &[("K6_OTEL_EXPORTER_PROTOCOL", "http")], "unsupported exporter protocol");
        check(None, &[("K6_OTEL_EXPORT_INTERVAL", "x")], "invalid duration \"x\"");
        check(None, &[("K6_OTEL_HEADERS", "a")], "\"a\" is not key=value");
        check(None, &[("K6_OTEL_TLS_CLIENT_KEY", "/nowhere")], "/nowhere: No such file");
        check(Some("foo"), &[], "\"foo\" is no URL");
        check(Some("ftp://h"), &[], "ftp is none of");
        check(Some("http://"), &[], "http://");
        check(Some("http://u:p@h"), &[], "credentials are no part of the URL");
        let env =
            [("K6_OTEL_EXPORTER_TYPE", "http"), ("K6_OTEL_HTTP_EXPORTER_ENDPOINT", "http://h")];
        check(None, &env, "HTTP exporter endpoint must only be host and port, no scheme");
    }
}
