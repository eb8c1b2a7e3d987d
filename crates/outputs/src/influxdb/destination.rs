//! Where bodies go: an HTTP API, or a socket for datagrams.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Uri, header};
use plimsoll_runtime::{datagram::Datagrams, fetch::Protocol, tls::TlsConnector};
use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::{Api, InfluxdbConfig, Transport};
use crate::delivery::{
    Destination, Failure, Payload, Sent,
    post::{Post, basic_authorization, secret},
};

pub(super) enum Influxdb {
    Http(Box<Http>),
    Udp(Datagrams),
}

pub(super) struct Http {
    /// To where points are written.
    write: Post,
    /// What makes the database, of version 1.
    create: Option<Post>,
}

impl Influxdb {
    pub(super) fn new(config: &InfluxdbConfig, tls: TlsConnector) -> Influxdb {
        match &config.transport {
            Transport::Udp { host, port, .. } => Influxdb::Udp(Datagrams::new(host, *port)),
            Transport::Http { address, gzip } => {
                let mut headers = HeaderMap::new();
                if let Some(value) = authorization(&config.api) {
                    headers.insert(header::AUTHORIZATION, value);
                }
                let post = |url: Uri, headers: HeaderMap| {
                    Post::new(Protocol::Http1, tls.clone(), url, headers)
                };
                let create = create_url(address, &config.api);
                let create = create.map(|url| post(url, headers.clone()));
                let text = HeaderValue::from_static("text/plain; charset=utf-8");
                headers.insert(header::CONTENT_TYPE, text);
                if *gzip {
                    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                }
                let write = post(write_url(config, address), headers);
                Influxdb::Http(Box::new(Http { write, create }))
            }
        }
    }
}

impl Destination for Influxdb {
    async fn open(&mut self) -> Result<(), Failure> {
        let Influxdb::Http(http) = self else { return Ok(()) };
        let Some(create) = &mut http.create else { return Ok(()) };
        let answer = create.post(Bytes::new()).await?;
        // A statement that fails is answered with 200 all the same.
        let answer: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match answer.pointer("/results/0/error").and_then(Value::as_str) {
            Some(error) => Err(Failure::refused(format!("cannot create the database: {error}"))),
            None => Ok(()),
        }
    }

    async fn send(&mut self, payload: &Payload) -> Result<Sent, Failure> {
        let http = match self {
            Influxdb::Udp(datagrams) => return Destination::send(datagrams, payload).await,
            Influxdb::Http(http) => http,
        };
        match http.write.post(payload.body.clone()).await {
            Ok(_) => Ok(Sent::default()),
            Err(Failure::Refused { reason }) => match rejected(&reason) {
                Some(rejected) => Ok(Sent { rejected, reason }),
                None => Err(Failure::Refused { reason }),
            },
            Err(failure) => Err(failure),
        }
    }
}

/// How many points of a body were not taken while the others were.
fn rejected(reason: &str) -> Option<u64> {
    let (_, rest) = reason.split_once("partial write")?;
    let (_, rest) = rest.rsplit_once("dropped=")?;
    let digits = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..digits)?.parse().ok()
}

fn authorization(api: &Api) -> Option<HeaderValue> {
    match api {
        Api::V1 { user: Some((name, password)), .. } => Some(basic_authorization(name, password)),
        Api::V2 { token, .. } if !token.is_empty() => secret(&format!("Token {token}")),
        _ => None,
    }
}

/// `None` where databases are not made by a request.
fn create_url(address: &Uri, api: &Api) -> Option<Uri> {
    let Api::V1 { database, .. } = api else { return None };
    let quoted = database.replace('\\', "\\\\").replace('"', "\\\"");
    let statement = format!("CREATE DATABASE \"{quoted}\"");
    Some(url(address, "/query", &[("q", &statement)]))
}

fn write_url(config: &InfluxdbConfig, address: &Uri) -> Uri {
    let precision = config.precision;
    match &config.api {
        Api::V1 { database, retention, consistency, .. } => {
            let parameters = [
                ("consistency", &**consistency),
                ("db", database),
                ("precision", precision.name_v1()),
                ("rp", retention),
            ];
            url(address, "/write", &parameters)
        }
        Api::V2 { organization, bucket, .. } => {
            let parameters =
                [("bucket", &**bucket), ("org", organization), ("precision", precision.name_v2())];
            url(address, "/api/v2/write", &parameters)
        }
    }
}

/// `path` below the address's own, with those parameters that are not empty behind its own.
fn url(address: &Uri, path: &str, parameters: &[(&str, &str)]) -> Uri {
    let mut query = Serializer::new(address.query().unwrap_or_default().to_owned());
    query.extend_pairs(parameters.iter().filter(|(_, value)| !value.is_empty()));
    let path = format!("{}{path}?{}", address.path().trim_end_matches('/'), query.finish());
    let mut parts = address.clone().into_parts();
    parts.path_and_query = path.parse().ok();
    // The parts are those of a URL, and the serializer leaves nothing unescaped.
    Uri::from_parts(parts).unwrap_or_else(|_| address.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_keep_what_the_address_has() {
        let check = |address: &str, parameters: &[(&str, &str)]| {
            url(&address.parse().unwrap(), "/write", parameters).to_string()
        };
        assert_eq!(check("http://h:1/", &[("db", "a b"), ("rp", "")]), "http://h:1/write?db=a+b");
        assert_eq!(
            check("http://h/p/?x=1", &[("db", "é/&")]),
            "http://h/p/write?x=1&db=%C3%A9%2F%26"
        );
    }

    #[test]
    fn a_database_with_any_name_is_asked_for() {
        let api = Api::V1 {
            database: "my-\"db\"".to_owned(),
            retention: String::new(),
            consistency: String::new(),
            user: None,
        };
        assert_eq!(
            create_url(&"http://h".parse().unwrap(), &api).unwrap().to_string(),
            "http://h/query?q=CREATE+DATABASE+%22my-%5C%22db%5C%22%22"
        );
    }

    #[test]
    fn partial_writes_say_how_much_is_lost() {
        let partial =
            "400 Bad Request: {\"error\":\"partial write: field type conflict dropped=3\"}";
        assert_eq!(rejected(partial), Some(3));
        assert_eq!(
            rejected("400 Bad Request: {\"error\":\"database not found: dropped=3\"}"),
            None
        );
        assert_eq!(rejected("400 Bad Request: partial write"), None);
    }
}
