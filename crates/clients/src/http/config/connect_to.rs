//! Connections that go elsewhere than their URL says (curl's `--connect-to`).

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// `host:port` to one or more `host:port`, which take turns. `Host` field and TLS name stay the URL's.
#[derive(Debug, Default)]
pub struct ConnectTo {
    routes: Vec<Route>,
}

#[derive(Debug)]
struct Route {
    from: (String, u16),
    to: Vec<(String, u16)>,
    turn: AtomicUsize,
}

impl ConnectTo {
    /// Each as `SOURCE:PORT:DESTINATION:PORT`; IPv6 addresses in brackets.
    ///
    /// # Errors
    /// What is wrong with the first that cannot be read.
    pub fn parse<'a>(rules: impl IntoIterator<Item = &'a str>) -> Result<ConnectTo, String> {
        let mut routes: Vec<Route> = Vec::new();
        for rule in rules {
            let (from, to) = parse_rule(rule)
                .ok_or_else(|| format!("expected SOURCE:PORT:DESTINATION:PORT, found {rule:?}"))?;
            match routes.iter_mut().find(|route| route.from == from) {
                Some(route) => route.to.push(to),
                None => routes.push(Route { from, to: vec![to], turn: AtomicUsize::new(0) }),
            }
        }
        Ok(ConnectTo { routes })
    }

    /// Where a connection to `host` (in lower case) and `port` goes this time.
    pub fn find(&self, host: &str, port: u16) -> Option<(&str, u16)> {
        let route =
            self.routes.iter().find(|route| route.from.0 == host && route.from.1 == port)?;
        let turn = route.turn.fetch_add(1, Relaxed);
        let (host, port) = route.to.get(turn.checked_rem(route.to.len())?)?;
        Some((host, *port))
    }
}

fn parse_rule(rule: &str) -> Option<((String, u16), (String, u16))> {
    let (from, rest) = parse_end(rule)?;
    let (to, rest) = parse_end(rest.strip_prefix(':')?)?;
    rest.is_empty().then_some((from, to))
}

/// `host:port` at the start, and what follows.
fn parse_end(text: &str) -> Option<((String, u16), &str)> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(host, rest)| (host, rest.strip_prefix(':')))?,
        None => text.split_once(':').map(|(host, rest)| (host, Some(rest)))?,
    };
    let rest = rest?;
    let (port, rest) = rest.split_at(rest.find(':').unwrap_or(rest.len()));
    let port = port.parse().ok()?;
    (!host.is_empty()).then(|| ((host.to_ascii_lowercase(), port), rest))
}

#[cfg(test)]
mod tests {
    use super::ConnectTo;

    #[test]
    fn destinations_take_turns() {
        let rules = ["A.test:80:b:81", "a.test:80:[::1]:82", "[::2]:80:c:83"];
        let routes = ConnectTo::parse(rules).unwrap();
        let check = |host, port, expected| assert_eq!(routes.find(host, port), expected);
        check("a.test", 80, Some(("b", 81)));
        check("a.test", 80, Some(("::1", 82)));
        check("a.test", 80, Some(("b", 81)));
        check("::2", 80, Some(("c", 83)));
        check("a.test", 81, None);
    }

    #[test]
    fn what_is_no_rule_is_named() {
        for rule in ["", "a", "a:80", "a:80:b", "a:x:b:80", "a:80:b:70000", ":80:b:1", "a:1:b:2:3"]
        {
            let error = ConnectTo::parse([rule]).unwrap_err();
            assert_eq!(error, format!("expected SOURCE:PORT:DESTINATION:PORT, found {rule:?}"));
        }
    }
}
