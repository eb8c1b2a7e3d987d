//! What `--out influxdb=URL` and the `K6_INFLUXDB_*` variables say.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use http::Uri;
use url::Url;

use super::{Api, FieldKind, InfluxdbConfig, Precision, TagAsField, Transport};
use crate::variables::{Variables, duration};

#[cfg(test)]
mod tests;

const DEFAULT_ADDRESS: &str = "http://localhost:8086";
const DEFAULT_DATABASE: &str = "k6";

/// Of k6; its extension for version 2 has the first two as numbers.
const DEFAULT_TAGS_AS_FIELDS: &str = "vu,iter,url";
const DEFAULT_TAGS_AS_FIELDS_V2: &str = "vu:int,iter:int,url";

/// Bytes of a UDP datagram unless told; every network carries them whole.
const DEFAULT_DATAGRAM_SIZE: usize = 512;

/// The largest payload of a UDP datagram over IPv4.
const DATAGRAM_SIZE_LIMIT: usize = 65_507;

/// The most requests that may be under way at once.
const CONCURRENT_WRITES_LIMIT: usize = 64;

/// Ours: how many samples of a second are written singly; 0 for all, as k6 has it.
pub(super) const POINTS_PER_SECOND: &str = "PLIMSOLL_INFLUXDB_POINTS_PER_SECOND";

/// What takes about 2 % of a core. Scripts like k6's own come to it at 5,000 requests a second.
const DEFAULT_POINTS_PER_SECOND: u64 = 50_000;

/// What is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not create the 'influxdb' output: {0}")]
pub struct InfluxdbConfigError(String);

type Result<T> = std::result::Result<T, InfluxdbConfigError>;

/// What was said, before it is put together.
#[derive(Default)]
struct Said {
    address: String,
    database: String,
    username: String,
    password: String,
    retention: String,
    consistency: String,
    precision: String,
    insecure: String,
    payload_size: String,
    push_interval: String,
    concurrent_writes: String,
    gzip: String,
    tags_as_fields: Vec<String>,
    organization: String,
    bucket: String,
    token: String,
    points_per_second: String,
}

impl InfluxdbConfig {
    /// `argument`: what stands behind `--out influxdb=`, a URL whose path is the database; it wins
    /// over the environment. A token, a bucket or an organization there means version 2, and so does
    /// `is_v2`.
    ///
    /// # Errors
    /// On a URL, parameter, number, duration or type that makes no sense.
    pub fn parse(
        argument: Option<&str>,
        env: &BTreeMap<String, String>,
        is_v2: bool,
    ) -> Result<InfluxdbConfig> {
        let mut said = Said::from_env(Variables(env))?;
        if let Some(url) = argument.filter(|text| !text.is_empty()) {
            said.set_from_url(url)?;
        }
        let is_v2 = is_v2
            || [&said.token, &said.bucket, &said.organization].iter().any(|text| !text.is_empty());
        if is_v2 && said.token.is_empty() {
            said.token = Variables(env).text("INFLUX_TOKEN").unwrap_or_default().to_owned();
        }
        said.put_together(is_v2)
    }
}

impl Said {
    fn from_env(env: Variables) -> Result<Said> {
        let of =
            |name: &str| env.text(&format!("K6_INFLUXDB_{name}")).unwrap_or_default().to_owned();
        if !of("PROXY").is_empty() {
            return wrong("K6_INFLUXDB_PROXY: proxies are not supported");
        }
        let tags = of("TAGS_AS_FIELDS");
        Ok(Said {
            address: of("ADDR"),
            database: of("DB"),
            username: of("USERNAME"),
            password: of("PASSWORD"),
            retention: of("RETENTION"),
            consistency: of("CONSISTENCY"),
            precision: of("PRECISION"),
            insecure: of("INSECURE"),
            payload_size: of("PAYLOAD_SIZE"),
            push_interval: of("PUSH_INTERVAL"),
            concurrent_writes: of("CONCURRENT_WRITES"),
            gzip: of("GZIP"),
            tags_as_fields: split(&tags),
            organization: of("ORGANIZATION"),
            bucket: of("BUCKET"),
            token: of("TOKEN"),
            points_per_second: env.text(POINTS_PER_SECOND).unwrap_or_default().to_owned(),
        })
    }

    fn set_from_url(&mut self, text: &str) -> Result<()> {
        let mut url = parse_url(text)?;
        let path = url.path().trim_start_matches('/');
        let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
        if !path.is_empty() {
            self.database = path;
        }
        let parameters: Vec<(String, String)> =
            url.query_pairs().map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
        if parameters.iter().any(|(key, _)| key == "tagsAsFields") {
            self.tags_as_fields.clear();
        }
        for (key, value) in parameters {
            match &*key {
                "insecure" => self.insecure = value,
                "payload_size" => self.payload_size = value,
                "precision" => self.precision = value,
                "retention" => self.retention = value,
                "consistency" => self.consistency = value,
                "pushInterval" => self.push_interval = value,
                "concurrentWrites" => self.concurrent_writes = value,
                "tagsAsFields" => self.tags_as_fields.push(value),
                other => return wrong(format!("unknown query parameter: {other}")),
            }
        }
        url.set_path("");
        url.set_query(None);
        self.address = url.into();
        Ok(())
    }

    fn put_together(mut self, is_v2: bool) -> Result<InfluxdbConfig> {
        let transport = self.transport()?;
        let precision = precision(&self.precision, is_v2)?;
        if self.tags_as_fields.is_empty() {
            let default = if is_v2 { DEFAULT_TAGS_AS_FIELDS_V2 } else { DEFAULT_TAGS_AS_FIELDS };
            self.tags_as_fields = split(default);
        }
        let tags_as_fields = self.tags_as_fields.iter().map(|text| tag_as_field(text));
        let tags_as_fields = tags_as_fields.collect::<Result<_>>()?;
        let insecure_skip_verify = switch("insecure", &self.insecure)?.unwrap_or(false);
        let push_interval = match &*self.push_interval {
            "" => Duration::from_secs(1),
            text => match duration(text) {
                Some(interval) if interval > Duration::ZERO => interval,
                _ => return wrong(format!("invalid push interval {text:?}")),
            },
        };
        let concurrent_writes = number("concurrent writes", &self.concurrent_writes)?.unwrap_or(4);
        if !(1..=CONCURRENT_WRITES_LIMIT).contains(&concurrent_writes) {
            let limit = CONCURRENT_WRITES_LIMIT;
            return wrong(format!(
                "influxdb's ConcurrentWrites must be a positive number, at most {limit}"
            ));
        }
        let database = match &*self.database {
            "" => DEFAULT_DATABASE.to_owned(),
            name => name.to_owned(),
        };
        let api = if is_v2 {
            let bucket = if self.bucket.is_empty() { database } else { self.bucket };
            Api::V2 { organization: self.organization, bucket, token: self.token }
        } else {
            let has_user = !self.username.is_empty();
            let user = has_user.then_some((self.username, self.password));
            Api::V1 { database, retention: self.retention, consistency: self.consistency, user }
        };
        let points_per_second = match &*self.points_per_second {
            "" => DEFAULT_POINTS_PER_SECOND,
            text => match text.parse() {
                Ok(number) => number,
                Err(_) => {
                    return wrong(format!(
                        "{POINTS_PER_SECOND} must be a whole number, 0 for no limit, not {text}"
                    ));
                }
            },
        };
        Ok(InfluxdbConfig {
            transport,
            api,
            insecure_skip_verify,
            push_interval,
            concurrent_writes,
            precision,
            tags_as_fields,
            points_per_second: (points_per_second > 0).then_some(points_per_second),
        })
    }

    /// Takes the user out of the address.
    fn transport(&mut self) -> Result<Transport> {
        if self.address.is_empty() {
            DEFAULT_ADDRESS.clone_into(&mut self.address);
        }
        let mut url = parse_url(&self.address)?;
        let decode = |text: &str| {
            percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
        };
        if !url.username().is_empty() {
            self.username = decode(url.username());
            self.password = decode(url.password().unwrap_or_default());
        }
        // Only URLs that cannot have a user refuse to lose it.
        url.set_username("").and_then(|()| url.set_password(None)).ok();
        let no_host = || InfluxdbConfigError(format!("{url}: no host"));
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(no_host)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if url.scheme() == "udp" {
            let port = url.port().ok_or_else(|| InfluxdbConfigError(format!("{url}: no port")))?;
            let payload_size = number("payload size", &self.payload_size)?.filter(|size| *size > 0);
            let payload_size =
                payload_size.unwrap_or(DEFAULT_DATAGRAM_SIZE).min(DATAGRAM_SIZE_LIMIT);
            return Ok(Transport::Udp { host, port, payload_size });
        }
        number("payload size", &self.payload_size)?;
        let is_loopback =
            host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        let gzip = switch("K6_INFLUXDB_GZIP", &self.gzip)?.unwrap_or(!is_loopback);
        let wrong = |error: http::uri::InvalidUri| InfluxdbConfigError(format!("{url}: {error}"));
        Ok(Transport::Http { address: url.as_str().parse::<Uri>().map_err(wrong)?, gzip })
    }
}

fn wrong<T>(message: impl Into<String>) -> Result<T> {
    Err(InfluxdbConfigError(message.into()))
}

fn parse_url(text: &str) -> Result<Url> {
    let (scheme, _) = text.split_once("://").unwrap_or_default();
    if !matches!(scheme, "http" | "https" | "udp") {
        return wrong(format!(
            "Unsupported protocol scheme: {scheme}, your address must start with http:// or https://"
        ));
    }
    Url::parse(text).map_err(|error| InfluxdbConfigError(format!("parse {text:?}: {error}")))
}

fn split(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn number(what: &str, text: &str) -> Result<Option<usize>> {
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => wrong(format!("invalid {what} {text:?}, it must be a whole number")),
    }
}

fn switch(what: &str, text: &str) -> Result<Option<bool>> {
    match text {
        "" => Ok(None),
        "true" | "1" => Ok(Some(true)),
        "false" | "0" => Ok(Some(false)),
        _ => wrong(format!("{what} must be true or false, not {text}")),
    }
}

/// Both styles of k6: `ms` and `1ms`.
fn precision(text: &str, is_v2: bool) -> Result<Precision> {
    Ok(match text.strip_prefix('1').unwrap_or(text) {
        "" | "n" | "ns" => Precision::Nanos,
        "u" | "us" | "µs" => Precision::Micros,
        "ms" => Precision::Millis,
        "s" => Precision::Seconds,
        "m" if !is_v2 => Precision::Minutes,
        "h" if !is_v2 => Precision::Hours,
        _ => return wrong(format!("invalid precision {text:?}, it is one of ns, us, ms, s")),
    })
}

fn tag_as_field(text: &str) -> Result<TagAsField> {
    let (tag, kind) = text.split_once(':').unwrap_or((text, "string"));
    let kind = match kind {
        "string" => FieldKind::String,
        "int" => FieldKind::Int,
        "float" => FieldKind::Float,
        "bool" => FieldKind::Bool,
        _ => {
            return wrong(format!(
                "an invalid type ({kind}) is specified for an InfluxDB field ({tag})"
            ));
        }
    };
    Ok(TagAsField { tag: tag.to_owned(), kind })
}
