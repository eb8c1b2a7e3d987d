//! What `new Client(..)` takes: a URL, or an object whose mistakes have the texts of k6.

use std::time::Duration;

use plimsoll_clients::redis::{REDIRECTS_LIMIT, RedisConfig, Target, TargetError};
use serde_json::{Map, Value};

use super::{
    fields::Fields,
    socket::{
        DIAL_TIMEOUT, NO_TIMEOUT, POOL_SIZE, TRANSFER_TIMEOUT, Tls, pool_size, socket_options,
    },
};
use crate::{
    options::{SignedDuration, parse_duration},
    vu::VuState,
};

const NODE_FIELDS: &[&str] = &[
    "socket",
    "masterName",
    "sentinelUsername",
    "sentinelPassword",
    "username",
    "password",
    "clientName",
    "database",
    "maxRetries",
    "minRetryBackoff",
    "maxRetryBackoff",
];
const CLUSTER_FIELDS: &[&str] =
    &["maxRedirects", "readOnly", "routeByLatency", "routeRandomly", "nodes"];
/// Options of a URL that are taken, most of them without an effect here.
const URL_OPTIONS: &[&str] = &[
    "client_name",
    "conn_max_idle_time",
    "conn_max_lifetime",
    "dial_timeout",
    "max_idle_conns",
    "max_retries",
    "max_retry_backoff",
    "min_idle_conns",
    "min_retry_backoff",
    "pool_fifo",
    "pool_size",
    "pool_timeout",
    "protocol",
    "read_timeout",
    "write_timeout",
];

/// A client's settings. Equal ones can share what belongs to a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClientOptions {
    pub(super) targets: Vec<Target>,
    /// Redirects of one command; `None`: no cluster.
    cluster: Option<u32>,
    pub(super) tls: Option<Tls>,
    pub(super) dial_timeout: Duration,
    pub(super) read_timeout: Duration,
    pub(super) write_timeout: Duration,
    pub(super) pool_size: usize,
}

impl ClientOptions {
    pub(super) fn of_target(target: Target) -> ClientOptions {
        ClientOptions {
            targets: vec![target],
            cluster: None,
            tls: None,
            dial_timeout: DIAL_TIMEOUT,
            read_timeout: TRANSFER_TIMEOUT,
            write_timeout: TRANSFER_TIMEOUT,
            pool_size: POOL_SIZE,
        }
    }

    /// # Errors
    /// What is wrong, in k6's words.
    pub(super) fn from_url(text: &str) -> Result<ClientOptions, String> {
        let mut settings = Vec::new();
        let target = Target::parse_with(text, |key, value| {
            settings.push((key.to_owned(), value.to_owned()));
            URL_OPTIONS.contains(&key)
        });
        let mut options = ClientOptions::of_target(target.map_err(|error| of_url(&error))?);
        for (key, value) in settings {
            match &*key {
                "dial_timeout" => options.dial_timeout = duration(&key, &value)?,
                "read_timeout" => options.read_timeout = duration(&key, &value)?,
                "write_timeout" => options.write_timeout = duration(&key, &value)?,
                "pool_size" => options.pool_size = pool_size(value.parse().unwrap_or(0)),
                _ => {}
            }
        }
        Ok(options)
    }

    /// # Errors
    /// What is wrong, in k6's words, or that it is not supported.
    pub(super) fn from_json(text: &str) -> Result<ClientOptions, String> {
        let map: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| format!("json: {error}"))?;
        match map.get("cluster") {
            Some(Value::Object(cluster)) => ClientOptions::of_cluster(cluster),
            _ => ClientOptions::of_node(&map),
        }
    }

    fn of_node(map: &Map<String, Value>) -> Result<ClientOptions, String> {
        let fields = Fields::new("singleNodeOptions", "", map, NODE_FIELDS)?;
        let (username, password) = (fields.text("username")?, fields.text("password")?);
        let database = fields.integer("database", "int")?;
        for name in ["clientName", "sentinelUsername", "sentinelPassword"] {
            fields.text(name)?;
        }
        if !fields.text("masterName")?.is_empty() {
            return Err("Redis Sentinel (masterName) is not supported".to_owned());
        }
        let socket = fields.object("socket", "redis.socketOptions")?;
        let mut options = socket_options(socket.ok_or("empty socket options")?)?;
        let database = u32::try_from(database)
            .map_err(|_| format!("redis: invalid database number: {database}"))?;
        for target in &mut options.targets {
            (target.username, target.password) = (username.clone(), password.clone());
            target.database = database;
        }
        Ok(options)
    }

    fn of_cluster(map: &Map<String, Value>) -> Result<ClientOptions, String> {
        let nodes = match map.get("nodes") {
            Some(Value::Array(nodes)) => nodes,
            other => {
                let found = other.map_or("<nil>", kind);
                return Err(format!("cluster nodes property must be an array; got {found}"));
            }
        };
        let Some(first) = nodes.first() else {
            return Err("cluster nodes property cannot be empty".to_owned());
        };
        let (owner, of_node): (_, fn(&Value) -> _) = match first {
            Value::String(_) => ("clusterNodesStringOptions", |node| match node {
                Value::String(url) => ClientOptions::from_url(url),
                other => Err(mixed(other, "clusterNodesStringOptions", "string")),
            }),
            Value::Object(_) => ("clusterNodesMapOptions", |node| match node {
                Value::Object(node) => ClientOptions::of_node(node),
                other => Err(mixed(other, "clusterNodesMapOptions", "redis.singleNodeOptions")),
            }),
            other => {
                let found = kind(other);
                return Err(format!(
                    "cluster nodes array must contain string or object elements; got {found}"
                ));
            }
        };
        let fields = Fields::new(owner, "commonClusterOptions.", map, CLUSTER_FIELDS)?;
        let redirects = fields.integer("maxRedirects", "int")?;
        for name in ["readOnly", "routeByLatency", "routeRandomly"] {
            fields.flag(name)?;
        }
        let nodes = nodes.iter().map(of_node).collect::<Result<Vec<_>, String>>()?;
        let mut nodes = nodes.into_iter();
        let mut options = nodes.next().ok_or("cluster nodes property cannot be empty")?;
        for node in nodes {
            // k6 looks at URLs only.
            if first.is_string() {
                consistent(&options, &node)?;
            }
            options.targets.extend(node.targets);
        }
        // k6 takes 0 for its default.
        options.cluster = Some(match u32::try_from(redirects) {
            Ok(0) => REDIRECTS_LIMIT,
            Ok(redirects) => redirects,
            Err(_) => 0,
        });
        Ok(options)
    }

    /// # Errors
    /// Certificates that cannot be used.
    pub(super) fn config(&self, vu: &VuState) -> Result<RedisConfig, String> {
        let network = vu.test.http_config()?;
        let insecure = vu.test.options.get().and_then(|options| options.insecure_skip_tls_verify);
        let insecure = insecure.unwrap_or(false);
        let tls = self.tls.as_ref().map(|tls| tls.connector(insecure)).transpose()?;
        let mut config = RedisConfig::of(network, self.targets.clone());
        config.tls = tls;
        config.cluster = self.cluster.is_some();
        config.redirects = self.cluster.unwrap_or(config.redirects);
        config.connect_timeout = self.dial_timeout;
        config.timeout = self
            .dial_timeout
            .saturating_add(self.read_timeout)
            .saturating_add(self.write_timeout)
            .min(NO_TIMEOUT);
        config.connections = self.pool_size;
        Ok(config)
    }
}

/// Go's `1m30s`, or seconds.
fn duration(key: &str, text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().map(Duration::from_secs);
    let go = || parse_duration(text).ok().map(SignedDuration::to_std);
    seconds
        .or_else(go)
        .ok_or_else(|| format!("redis: invalid {key} duration: time: invalid duration \"{text}\""))
}

/// All nodes are logged in to alike.
fn consistent(first: &ClientOptions, node: &ClientOptions) -> Result<(), String> {
    let (Some(one), Some(other)) = (first.targets.first(), node.targets.first()) else {
        return Ok(());
    };
    if one.username != other.username {
        let (one, other) = (&one.username, &other.username);
        return Err(format!("inconsistent username option: {one} != {other}"));
    }
    if one.password != other.password {
        return Err("inconsistent password option".to_owned());
    }
    Ok(())
}

fn of_url(error: &TargetError) -> String {
    match error {
        TargetError::Url(error) => format!("parse: {error}"),
        other => format!("redis: {other}"),
    }
}

fn mixed(node: &Value, owner: &str, expected: &str) -> String {
    let found = match node {
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) => "bool",
        Value::Array(_) => "array",
        Value::Object(_) | Value::Null => "object",
    };
    format!("json: cannot unmarshal {found} into Go struct field {owner}.nodes of type {expected}")
}

/// Go's type of a JavaScript value.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}
