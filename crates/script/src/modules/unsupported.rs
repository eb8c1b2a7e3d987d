//! Modules of k6 that exist there and not here, with what to do instead.

const BROWSER: &str = "browser tests need a browser engine: run them with k6";
const WEBSOCKET: &str =
    "WebSocket is not supported yet: test it over HTTP or run the script with k6";
const GRPC: &str = "gRPC is not supported yet: run the script with k6";

const UNSUPPORTED: &[(&str, &str)] = &[
    ("k6/browser", BROWSER),
    ("k6/experimental/browser", BROWSER),
    ("k6/ws", WEBSOCKET),
    ("k6/websockets", WEBSOCKET),
    ("k6/experimental/websockets", WEBSOCKET),
    ("k6/net/grpc", GRPC),
    ("k6/experimental/grpc", GRPC),
    (
        "k6/experimental/webcrypto",
        "WebCrypto is not supported yet: use k6/crypto where it is enough",
    ),
    (
        "k6/experimental/streams",
        "streams are not supported yet: read files with open() or k6/experimental/fs",
    ),
    (
        "k6/experimental/timers",
        "k6 made the timers global: remove the import, or import from k6/timers",
    ),
    (
        "k6/experimental/tracing",
        "k6 removed this module: use http-instrumentation-tempo from jslib.k6.io",
    ),
    ("k6/secrets", "secret sources are not supported yet: pass secrets as -e NAME=VALUE"),
];

/// Why the module of that name cannot be imported and what to do; `None` for names that k6 does
/// not know either.
pub(crate) fn unsupported(name: &str) -> Option<String> {
    let known = UNSUPPORTED.iter().find(|(known, _)| *known == name).map(|(_, advice)| *advice);
    let extension = "extensions are Go code: run the script with a k6 that has it";
    let advice = known.or_else(|| name.starts_with("k6/x/").then_some(extension))?;
    Some(format!("unsupported module: {name}: {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{modules, testing::eval_script};

    #[test]
    fn nothing_is_both_supported_and_not() {
        for (name, _) in UNSUPPORTED {
            assert!(modules::find(name).is_none(), "{name}");
        }
    }

    #[test]
    fn an_import_names_module_place_and_advice() {
        for name in ["k6/ws", "k6/x/sql", "k6/experimental/timers"] {
            let error = eval_script(&format!("import x from '{name}';")).error.unwrap_or_default();
            assert!(error.contains(&unsupported(name).unwrap()), "{name}: {error}");
            assert!(error.contains("script.js:1:"), "{name}: {error}");
        }
        assert_eq!(unsupported("k6/nope"), None);
    }
}
