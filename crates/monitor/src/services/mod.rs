//! Services that tell of themselves when asked.

mod address;
mod connect;
mod growth;
pub mod nginx;
mod page;
pub mod postgres;
pub mod prometheus;
pub mod redis;

pub(crate) use address::{Address, Secret, without_credentials};
pub(crate) use page::{Page, failure};

use crate::probe::Subject;

/// What `text` names, with the reason when it is wrong; `None` when its kind is none of a service.
pub(crate) fn parse(text: &str) -> Option<Result<Box<dyn Subject>, String>> {
    let (scheme, rest) = text.split_once(':')?;
    Some(match scheme {
        "postgres" | "postgresql" => postgres::Postgres::parse(text).map(boxed),
        "redis" | "rediss" | "valkey" | "valkeys" => redis::Redis::parse(text).map(boxed),
        "nginx" => nginx::Nginx::parse(rest).map(boxed),
        "prometheus" => prometheus::Prometheus::parse(rest).map(boxed),
        _ => return None,
    })
}

fn boxed<S: Subject + 'static>(subject: S) -> Box<dyn Subject> {
    Box::new(subject)
}

/// Of a page.
fn http_address(url: &str) -> Result<Address, String> {
    let default_port = if url.starts_with("https:") { 443 } else { 80 };
    let address = Address::parse(url, default_port)?;
    if !matches!(address.scheme.as_str(), "http" | "https") || address.host.is_empty() {
        return Err("an http:// or https:// URL of a page must follow".to_owned());
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let parsed = parse(text).expect("a service's kind");
        let found = parsed.as_ref().map(|subject| subject.name().to_owned());
        assert_eq!(found.as_deref().map_err(|error| error.as_str()), expected, "{text}");
    }

    #[test]
    fn services_and_their_names() {
        check("postgres://u:secret@db1:5433/app", Ok("postgres db1:5433/app"));
        check("postgresql://u@db1", Ok("postgres db1"));
        check("postgres:///app?host=/run/postgresql&user=u", Ok("postgres /run/postgresql/app"));
        check("redis://:secret@127.0.0.1:6380", Ok("redis 127.0.0.1:6380"));
        check("rediss://u:secret@cache/0", Ok("redis cache"));
        check("nginx:http://127.0.0.1:8080/status", Ok("nginx 127.0.0.1:8080"));
        check("prometheus:http://[::1]:9100/metrics", Ok("prometheus [::1]:9100"));
        check("prometheus:https://u:secret@h/a/b", Ok("prometheus h/a/b"));
        assert!(parse("name:nginx").is_none() && parse("nothing").is_none());
    }

    #[test]
    fn what_names_no_service() {
        check("nginx:127.0.0.1", Err("not a URL: relative URL without a base"));
        check("nginx:ftp://h", Err("an http:// or https:// URL of a page must follow"));
        check("redis://", Err("a host must follow: redis://[:PASSWORD@]HOST[:PORT]"));
        check("redis://h/x", Err("a path has no meaning here"));
        check(
            "postgres://",
            Err("a host must follow: postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE"),
        );
        check(
            "postgres://h/db",
            Err("a user must be named: postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE"),
        );
        check(
            "postgres://u@h/db?sslmode=x",
            Err("sslmode is one of disable, prefer, require, verify-full"),
        );
        check(
            "postgres://u@h/db?x=1",
            Err("parameter x is not known: host, port, user, password and sslmode are"),
        );
    }
}
