//! Where a server is and how to log in, as one URL.

use std::{borrow::Cow, fmt, net::Ipv6Addr, path::PathBuf};

use percent_encoding::percent_decode_str;

/// Without a port in the URL.
pub(super) const DEFAULT_PORT: u16 = 6379;

/// What connections are made to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A name or an IP address, without brackets.
    Tcp {
        host: String,
        port: u16,
    },
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp { host, port } if host.parse::<Ipv6Addr>().is_ok() => {
                write!(f, "[{host}]:{port}")
            }
            Address::Tcp { host, port } => write!(f, "{host}:{port}"),
            Address::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A server and what to say to it first. Its text form leaves the password out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub address: Address,
    pub secure: bool,
    /// Empty for the default user.
    pub username: String,
    /// Empty for none.
    pub password: String,
    pub database: u32,
}

/// Why a text is no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    #[error("invalid URL: {0}")]
    Url(#[from] url::ParseError),
    #[error("invalid URL scheme: {0}")]
    Scheme(String),
    #[error("invalid URL path: {0}")]
    Path(String),
    #[error("invalid database number: {0:?}")]
    Database(String),
    #[error("unexpected option: {0}")]
    Option(String),
    #[error("empty unix socket path")]
    NoSocket,
}

impl Target {
    /// An address without TLS, user and password, and database 0.
    pub fn new(address: Address) -> Target {
        Target {
            address,
            secure: false,
            username: String::new(),
            password: String::new(),
            database: 0,
        }
    }

    /// `redis://[[user]:password@][host][:port][/database]`, `rediss://` for TLS, or
    /// `unix://[[user]:password@]/path[?db=n]`, where `redis+unix` and `redis-socket` say the same.
    ///
    /// # Errors
    /// What of it cannot be followed.
    pub fn parse(text: &str) -> Result<Target, TargetError> {
        Target::parse_with(text, |_, _| false)
    }

    /// As [`Target::parse`]; other options in the query than `db` go to `option`, which says whether
    /// it knows them.
    ///
    /// # Errors
    /// As for [`Target::parse`].
    pub fn parse_with(
        text: &str,
        mut option: impl FnMut(&str, &str) -> bool,
    ) -> Result<Target, TargetError> {
        // A URL with a user has a host, though that of a socket is not looked at.
        let is_socket = text.starts_with("unix:")
            || text.starts_with("redis+unix:")
            || text.starts_with("redis-socket:");
        let text = match text.split_once("@/") {
            Some((before, path)) if is_socket => Cow::Owned(format!("{before}@socket/{path}")),
            _ => Cow::Borrowed(text),
        };
        let url = match url::Url::parse(&text) {
            Err(url::ParseError::RelativeUrlWithoutBase) => {
                return Err(TargetError::Scheme(String::new()));
            }
            url => url?,
        };
        let (address, secure) = match url.scheme() {
            "redis" => (tcp_address(&url), false),
            "rediss" => (tcp_address(&url), true),
            "unix" | "redis+unix" | "redis-socket" => {
                let path = decoded(url.path());
                if path.is_empty() {
                    return Err(TargetError::NoSocket);
                }
                (Address::Unix(path.into()), false)
            }
            other => return Err(TargetError::Scheme(other.to_owned())),
        };
        let mut target = Target::new(address);
        target.secure = secure;
        target.username = decoded(url.username());
        target.password = decoded(url.password().unwrap_or_default());
        if let Address::Tcp { .. } = target.address {
            let path = url.path().trim_matches('/');
            if path.contains('/') {
                return Err(TargetError::Path(url.path().to_owned()));
            }
            if !path.is_empty() {
                target.database = database(path)?;
            }
        }
        for (key, value) in url.query_pairs() {
            match &*key {
                "db" => target.database = database(&value)?,
                _ if option(&key, &value) => {}
                _ => return Err(TargetError::Option(key.into_owned())),
            }
        }
        Ok(target)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.address, self.secure) {
            (Address::Unix(path), _) => write!(f, "unix://{}", path.display())?,
            (address, true) => write!(f, "rediss://{address}")?,
            (address, false) => write!(f, "redis://{address}")?,
        }
        match (&self.address, self.database) {
            (_, 0) => Ok(()),
            (Address::Unix(_), database) => write!(f, "?db={database}"),
            (Address::Tcp { .. }, database) => write!(f, "/{database}"),
        }
    }
}

fn tcp_address(url: &url::Url) -> Address {
    let host = url.host_str().filter(|host| !host.is_empty()).unwrap_or("localhost");
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    Address::Tcp { host: decoded(bare), port: url.port().unwrap_or(DEFAULT_PORT) }
}

fn database(text: &str) -> Result<u32, TargetError> {
    text.parse().map_err(|_| TargetError::Database(text.to_owned()))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, shown: &str, login: (&str, &str)) {
        let target = Target::parse(text).unwrap();
        assert_eq!(target.to_string(), shown, "{text}");
        assert_eq!((&*target.username, &*target.password), login, "{text}");
    }

    #[test]
    fn urls() {
        check("redis://", "redis://localhost:6379", ("", ""));
        check("redis://h", "redis://h:6379", ("", ""));
        check("redis://h:1/2", "redis://h:1/2", ("", ""));
        check("redis://h/?db=3", "redis://h:6379/3", ("", ""));
        check("rediss://:p%40ss@[::1]:7/", "rediss://[::1]:7", ("", "p@ss"));
        check("redis://user:pass@h", "redis://h:6379", ("user", "pass"));
        check("unix:///tmp/r.sock?db=1", "unix:///tmp/r.sock?db=1", ("", ""));
        check("redis+unix://u:p@/tmp/r.sock", "unix:///tmp/r.sock", ("u", "p"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, message) in [
            ("", "invalid URL scheme: "),
            ("host:6379", "invalid URL scheme: host"),
            ("http://h", "invalid URL scheme: http"),
            ("redis://h/x", "invalid database number: \"x\""),
            ("redis://h/1/2", "invalid URL path: /1/2"),
            ("redis://h?x=1", "unexpected option: x"),
            ("unix://", "empty unix socket path"),
            ("redis://h:99999", "invalid URL: invalid port number"),
        ] {
            assert_eq!(Target::parse(text).unwrap_err().to_string(), message, "{text}");
        }
    }
}
