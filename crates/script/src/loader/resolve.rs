//! From a specifier, as written in `import` or `require`, to what it stands for.

use url::Url;

use crate::modules::{self, Module};

/// What a specifier stands for.
pub(super) enum Location {
    BuiltIn(&'static Module),
    Url(Url),
}

/// Modules of k6 that exist there and not here, with what to do instead.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("k6/browser", "browser tests need a browser engine: run them with k6"),
    ("k6/experimental/browser", "browser tests need a browser engine: run them with k6"),
    ("k6/ws", "WebSocket is not supported yet: test it over HTTP or run the script with k6"),
    (
        "k6/websockets",
        "WebSocket is not supported yet: test it over HTTP or run the script with k6",
    ),
    (
        "k6/experimental/websockets",
        "WebSocket is not supported yet: test it over HTTP or run the script with k6",
    ),
    ("k6/net/grpc", "gRPC is not supported yet: run the script with k6"),
    ("k6/experimental/grpc", "gRPC is not supported yet: run the script with k6"),
    (
        "k6/experimental/webcrypto",
        "WebCrypto is not supported yet: use k6/crypto where it is enough",
    ),
    (
        "k6/experimental/streams",
        "streams are not supported yet: read files with open() or k6/experimental/fs",
    ),
    ("k6/experimental/redis", "Redis is not supported yet: run the script with k6"),
    (
        "k6/experimental/tracing",
        "k6 removed this module: use http-instrumentation-tempo from jslib.k6.io",
    ),
    ("k6/secrets", "secret sources are not supported yet: pass secrets as -e NAME=VALUE"),
];

/// Resolves `specifier` in the module at `base`.
pub(super) fn resolve(base: &Url, specifier: &str) -> Result<Location, String> {
    if specifier == "k6" || specifier.starts_with("k6/") {
        return built_in(specifier);
    }
    let relative = specifier.starts_with("./") || specifier.starts_with("../");
    let absolute = specifier.starts_with('/');
    if relative || absolute {
        let url = base
            .join(specifier)
            .map_err(|error| format!("invalid module path \"{specifier}\": {error}"))?;
        return Ok(Location::Url(url));
    }
    if let Some(rest) = specifier.strip_prefix("file://") {
        if base.scheme() != "file" {
            return Err(format!("origin ({base}) not allowed to load local file: {specifier}"));
        }
        let url = Url::parse(&format!("file://{rest}"))
            .map_err(|error| format!("{specifier}: {error}"))?;
        return Ok(Location::Url(url));
    }
    if specifier.starts_with("https://") {
        let url = Url::parse(specifier).map_err(|error| format!("{specifier}: {error}"))?;
        return Ok(Location::Url(url));
    }
    if let Some((scheme, _)) = specifier.split_once("://") {
        return Err(format!(
            "only supported schemes for imports are file and https, {specifier} has `{scheme}`"
        ));
    }
    for (prefix, site, kind) in
        [("github.com/", "github", "raw JavaScript"), ("cdnjs.com/", "cdnjs", "JavaScript")]
    {
        if specifier.starts_with(prefix) {
            return Err(format!(
                "{site}.com 'special' urls are no longer supported - please use real ones. You can get \
                 yours by going to {site} and copy-pasting the full url to the actual {kind} file"
            ));
        }
    }
    Err(format!(
        "The moduleSpecifier \"{specifier}\" couldn't be recognised as something k6 supports."
    ))
}

fn built_in(name: &str) -> Result<Location, String> {
    if let Some(module) = modules::find(name) {
        return Ok(Location::BuiltIn(module));
    }
    if let Some((_, advice)) = UNSUPPORTED.iter().find(|(known, _)| *known == name) {
        return Err(format!("unsupported module: {name}: {advice}"));
    }
    if name.starts_with("k6/x/") {
        return Err(format!(
            "unsupported module: {name}: extensions are Go code: run the script with a k6 that has it"
        ));
    }
    Err(format!("unknown module: {name}"))
}
