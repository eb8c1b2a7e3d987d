//! What `--watch` can name, and how its text is understood.

use crate::{agent, cgroups, host::HostSubject, probe::Subject, processes, services};

/// Why a text of `--watch` names nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("--watch {text}: {reason}\n{HINT}")]
pub struct SubjectError {
    text: String,
    reason: String,
}

const HINT: &str = "hint: one of pid:123, name:nginx, port:8080, cgroup:/path, docker:NAME, host, \
     agent:HOST:PORT, postgres://..., redis://..., nginx:http://..., prometheus:http://...";

/// What `text` names.
///
/// # Errors
/// With the text, what is wrong with it and what is possible.
pub fn parse(text: &str) -> Result<Box<dyn Subject>, SubjectError> {
    let wrong = |reason: String| SubjectError { text: services::without_credentials(text), reason };
    let scheme = text.split(':').next().unwrap_or_default();
    let found = match scheme {
        "host" if text == "host" => Ok(Box::new(HostSubject) as Box<dyn Subject>),
        "agent" => agent::parse(text),
        _ => processes::parse(text)
            .or_else(|| cgroups::parse(text))
            .or_else(|| services::parse(text))
            .unwrap_or_else(|| Err(unknown(scheme, text))),
    };
    found.map_err(wrong)
}

/// What is wrong with a text of no kind that there is.
fn unknown(scheme: &str, text: &str) -> String {
    if text.is_empty() {
        "it names nothing".to_owned()
    } else if scheme != text {
        format!("there is no kind {scheme:?}")
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("it has no kind: pid:{text} is a process, port:{text} whoever listens there")
    } else {
        format!("it has no kind: name:{text} is a program of that name")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_known() {
        let own = format!("pid:{}", std::process::id());
        for text in [
            own.as_str(),
            "name:nginx",
            "port:8080",
            "cgroup:/system.slice/nginx.service",
            "docker:web",
            "host",
            "postgres://user@localhost/db",
            "redis://localhost",
            "nginx:http://localhost/status",
            "prometheus:http://localhost/metrics",
        ] {
            let subject = parse(text).unwrap();
            assert!(!subject.name().is_empty(), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_the_text_and_a_hint() {
        for (text, expected) in [
            ("", "it names nothing"),
            ("nginx", "it has no kind: name:nginx is a program of that name"),
            ("8080", "it has no kind: pid:8080 is a process, port:8080 whoever listens there"),
            ("mysql://x", "there is no kind \"mysql\""),
            ("hosts:x", "there is no kind \"hosts\""),
            ("port:http", "a port is a number from 1 to 65535"),
        ] {
            let error = parse(text).map(|_| ()).unwrap_err().to_string();
            let (first, hint) = error.split_once('\n').unwrap();
            assert_eq!(first, format!("--watch {text}: {expected}"));
            assert!(hint.starts_with("hint: one of pid:123"), "{hint}");
        }
    }
}
