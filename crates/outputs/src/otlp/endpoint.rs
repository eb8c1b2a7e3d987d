//! Where requests go and what they are made of.

use http::Uri;

use super::OtlpProtocol;
use crate::variables::Variables;

const DEFAULT_PATH: &str = "/v1/metrics";

/// The one method of the service that takes metrics.
const GRPC_PATH: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

/// What the argument names.
pub(super) fn named(text: &str) -> Result<(OtlpProtocol, Uri), String> {
    let (scheme, rest) = text
        .split_once("://")
        .ok_or_else(|| format!("{text:?} is no URL: write http://HOST:PORT or grpc://HOST:PORT"))?;
    match scheme {
        "http" | "https" => {
            let path = if rest.trim_end_matches('/').contains('/') { "" } else { DEFAULT_PATH };
            Ok((OtlpProtocol::Http, uri(scheme, rest.trim_end_matches('/'), path)?))
        }
        "grpc" => Ok((OtlpProtocol::Grpc, uri("http", rest.trim_end_matches('/'), GRPC_PATH)?)),
        "grpcs" => Ok((OtlpProtocol::Grpc, uri("https", rest.trim_end_matches('/'), GRPC_PATH)?)),
        _ => Err(format!("{text:?}: {scheme} is none of http, https, grpc and grpcs")),
    }
}

/// What the variables name.
pub(super) fn from_environment(env: Variables) -> Result<(OtlpProtocol, Uri), String> {
    let protocol = match env.text("K6_OTEL_EXPORTER_PROTOCOL") {
        Some("grpc") => OtlpProtocol::Grpc,
        Some("http/protobuf") => OtlpProtocol::Http,
        Some(other) => {
            return Err(format!(
                "unsupported exporter protocol {other:?}, \
                 currently only \"grpc\" and \"http/protobuf\" are supported"
            ));
        }
        // Its older name and words.
        None => match env.text("K6_OTEL_EXPORTER_TYPE") {
            None | Some("grpc") => OtlpProtocol::Grpc,
            Some("http") => OtlpProtocol::Http,
            Some(other) => {
                return Err(format!(
                    "unsupported exporter type {other:?}, \
                     currently only \"grpc\" and \"http\" are supported"
                ));
            }
        },
    };
    let scheme = |is_insecure: Option<bool>| match is_insecure {
        Some(true) => "http",
        _ => "https",
    };
    let url = match protocol {
        OtlpProtocol::Grpc => {
            let endpoint = env.text("K6_OTEL_GRPC_EXPORTER_ENDPOINT").unwrap_or("localhost:4317");
            uri(scheme(env.boolean("K6_OTEL_GRPC_EXPORTER_INSECURE")?), endpoint, GRPC_PATH)?
        }
        OtlpProtocol::Http => {
            let endpoint = env.text("K6_OTEL_HTTP_EXPORTER_ENDPOINT").unwrap_or("localhost:4318");
            if endpoint.contains("://") {
                return Err("HTTP exporter endpoint must only be host and port, no scheme".into());
            }
            let path = env.text("K6_OTEL_HTTP_EXPORTER_URL_PATH").unwrap_or(DEFAULT_PATH);
            let path = format!("/{}", path.trim_start_matches('/'));
            uri(scheme(env.boolean("K6_OTEL_HTTP_EXPORTER_INSECURE")?), endpoint, &path)?
        }
    };
    Ok((protocol, url))
}

fn uri(scheme: &str, endpoint: &str, path: &str) -> Result<Uri, String> {
    let text = format!("{scheme}://{endpoint}{path}");
    let url: Uri = text.parse().map_err(|error| format!("{text}: {error}"))?;
    match url.authority() {
        Some(authority) if authority.as_str().contains('@') => {
            Err("credentials are no part of the URL: set K6_OTEL_HEADERS".to_owned())
        }
        Some(authority) if !authority.host().is_empty() => Ok(url),
        _ => Err(format!("{text}: there is no host")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{super::OtlpConfig, GRPC_PATH};

    #[test]
    fn endpoints() {
        let check = |argument, env: &[(&str, &str)], expected: &str| {
            assert_eq!(url(argument, env), expected);
        };
        let http = ("K6_OTEL_EXPORTER_TYPE", "http");
        let insecure = ("K6_OTEL_HTTP_EXPORTER_INSECURE", "true");
        check(
            None,
            &[("K6_OTEL_EXPORTER_PROTOCOL", "http/protobuf")],
            "https://localhost:4318/v1/metrics",
        );
        check(
            None,
            &[
                http,
                insecure,
                ("K6_OTEL_HTTP_EXPORTER_ENDPOINT", "h:1"),
                ("K6_OTEL_HTTP_EXPORTER_URL_PATH", "a/b"),
            ],
            "http://h:1/a/b",
        );
        check(
            None,
            &[
                ("K6_OTEL_GRPC_EXPORTER_ENDPOINT", "[::1]:1"),
                ("K6_OTEL_GRPC_EXPORTER_INSECURE", "1"),
            ],
            &format!("http://[::1]:1{GRPC_PATH}"),
        );
        check(Some("http://h:1/"), &[http], "http://h:1/v1/metrics");
        check(Some("https://h/otlp/v1/metrics"), &[], "https://h/otlp/v1/metrics");
        check(Some("grpcs://h:1"), &[], &format!("https://h:1{GRPC_PATH}"));
    }

    fn url(argument: Option<&str>, env: &[(&str, &str)]) -> String {
        let pair = |&(key, value): &(&str, &str)| (key.to_owned(), value.to_owned());
        let env: BTreeMap<String, String> = env.iter().map(pair).collect();
        OtlpConfig::parse("opentelemetry", argument, &env).unwrap().url.to_string()
    }
}
