//! From a specifier, as written in `import` or `require`, to what it stands for.

use url::Url;

use crate::modules::{self, Module, unsupported::unsupported};

/// What a specifier stands for.
pub(super) enum Location {
    BuiltIn(&'static Module),
    Url(Url),
}

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
    Err(unsupported(name).unwrap_or_else(|| format!("unknown module: {name}")))
}
