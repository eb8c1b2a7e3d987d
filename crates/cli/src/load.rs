//! From the command line to a loaded script with consolidated options.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use plimsoll_metrics::{Registry, registry::SERIES_LIMIT};
use plimsoll_runtime::log::Log;
use plimsoll_script::{
    archive::Archive,
    globals::console::Console,
    lifecycle::{Script, ScriptConfig},
    loader::LoaderConfig,
    options::{Layer, Options, Source},
    vu::state::Compatibility,
};
use url::Url;

use crate::{
    args::{CompatibilityMode, OptionFlags, RuntimeFlags, TestType},
    environment::{process_environment, xdg},
    exit::{Exit, Failure},
    outputs,
};

/// The largest script that is read from standard input.
const STDIN_BYTES_MAX: u64 = 256 << 20;

/// A script after its init code, with every layer of options but the defaults.
pub(crate) struct Loaded {
    pub(crate) script: Script,
    pub(crate) layers: Vec<Layer>,
    /// `__ENV`
    pub(crate) env: BTreeMap<String, String>,
    /// The variables that outputs look at.
    pub(crate) output_env: BTreeMap<String, String>,
    pub(crate) registry: Registry,
}

/// What to load and with what.
pub(crate) struct Request<'a> {
    pub(crate) file: &'a Path,
    /// The script itself, when it is not to be read from `file`.
    pub(crate) text: Option<&'a str>,
    pub(crate) runtime: &'a RuntimeFlags,
    pub(crate) options: Option<&'a OptionFlags>,
    pub(crate) config: Option<&'a Path>,
    /// Whether `__ENV` has the process's environment when no flag says.
    pub(crate) system_env: bool,
}

/// Where the script's text is and what came with it.
struct Origin {
    entry: Url,
    overlay: BTreeMap<String, Arc<[u8]>>,
    env: BTreeMap<String, String>,
    options: Option<Options>,
    compatibility: Compatibility,
}

/// Loads the script and runs its init code. Blocks.
pub(crate) fn load(request: &Request, log: &Log) -> Result<Loaded, Failure> {
    let process = process_environment();
    let flags = match request.options {
        Some(flags) => flags.layer()?,
        None => Options::default(),
    };
    let environment =
        Options::from_environment(|name| process.get(name).cloned()).map_err(Failure::from)?;
    let config = config_file(request.config, log)?;
    let origin = origin(request)?;

    let mut env = if request.runtime.include_system_env_vars.unwrap_or(request.system_env) {
        process
    } else {
        BTreeMap::new()
    };
    env.extend(origin.env);
    for pair in &request.runtime.env {
        // k6 takes a name alone for an empty value.
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name.is_empty() {
            let message = "invalid environment variable name ''";
            return Err(Failure::new(Exit::Other, message).with_hint("write -e NAME=VALUE"));
        }
        env.insert(name.to_owned(), value.to_owned());
    }

    let registry = Registry::new(SERIES_LIMIT);
    let console = match flags.console_output.as_ref().or(environment.console_output.as_ref()) {
        Some(path) => Console::Log(console_file(Path::new(path))?),
        None => Console::Log(log.clone()),
    };
    let script = Script::load(ScriptConfig {
        entry: origin.entry,
        loader: loader_config(log, request.runtime, origin.overlay)?,
        compatibility: origin.compatibility,
        env: env.clone(),
        registry: registry.clone(),
        log: log.clone(),
        console,
    })
    .map_err(|error| {
        let exit = Exit::from(error.kind);
        Failure { exit, message: error.message, hint: error.hint }
    })?;
    script.process_ends_after_run();
    let own = match origin.options {
        // An archive holds the options as they were consolidated when it was made.
        Some(options) => options,
        None => script_options(&script, log)?,
    };
    let layers = [
        (Source::ConfigFile, config),
        (Source::Script, own),
        (Source::Environment, environment),
        (Source::Flags, flags),
    ];
    let layers = layers.into_iter().map(|(source, options)| Layer { source, options }).collect();
    let output_env = outputs::environment(&env);
    Ok(Loaded { script, layers, env, output_env, registry })
}

/// The `options` that the script exports.
fn script_options(script: &Script, log: &Log) -> Result<Options, Failure> {
    let Some(text) = &script.exports().options else { return Ok(Options::default()) };
    let value = serde_json::from_str(text)
        .map_err(|error| Failure::new(Exit::BadConfiguration, format!("options: {error}")))?;
    let (options, warnings) = Options::from_json(&value, Source::Script).map_err(Failure::from)?;
    warn(log, &warnings);
    Ok(options)
}

/// Logs what is odd but no error.
pub(crate) fn warn(log: &Log, warnings: &[plimsoll_script::options::Warning]) {
    for warning in warnings {
        let fields: Vec<(&str, &str)> =
            warning.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        log.write(plimsoll_runtime::log::Level::Warning, &warning.message, &fields);
    }
}

fn config_file(path: Option<&Path>, log: &Log) -> Result<Options, Failure> {
    let default = default_config_file();
    let text = match path {
        Some(path) => std::fs::read_to_string(path).map_err(|error| {
            let message = format!("cannot read the configuration file {}: {error}", path.display());
            Failure::new(Exit::BadConfiguration, message)
        })?,
        // The default file need not exist.
        None => match default.as_ref().and_then(|path| std::fs::read_to_string(path).ok()) {
            Some(text) => text,
            None => return Ok(Options::default()),
        },
    };
    let value = serde_json::from_str(&text).map_err(|error| {
        let name = path.or(default.as_deref()).unwrap_or(Path::new("")).display();
        let message = format!("the configuration file {name} is not JSON: {error}");
        Failure::new(Exit::BadConfiguration, message)
    })?;
    let (options, warnings) =
        Options::from_json(&value, Source::ConfigFile).map_err(Failure::from)?;
    warn(log, &warnings);
    Ok(options)
}

fn default_config_file() -> Option<PathBuf> {
    Some(xdg("XDG_CONFIG_HOME", ".config")?.join("plimsoll/config.json"))
}

fn console_file(path: &Path) -> Result<Log, Failure> {
    use plimsoll_runtime::log::{Color, Format, LogConfig, Sink};
    Log::new(LogConfig {
        format: Format::Text,
        sink: Sink::File(path.to_path_buf()),
        color: Color::Never,
        ..LogConfig::default()
    })
    .map_err(|error| {
        Failure::new(Exit::Other, format!("--console-output {}: {error}", path.display()))
    })
}

fn loader_config(
    log: &Log,
    runtime: &RuntimeFlags,
    overlay: BTreeMap<String, Arc<[u8]>>,
) -> Result<LoaderConfig, Failure> {
    let mut mirrors = Vec::new();
    for mirror in &runtime.module_mirror {
        // The URL may hold `=` itself, a folder rarely does.
        let (url, folder) = mirror.rsplit_once('=').ok_or_else(|| {
            Failure::new(Exit::Other, format!("--module-mirror {mirror}: write it as URL=DIR"))
        })?;
        mirrors.push((url.to_owned(), PathBuf::from(folder)));
    }
    let cache = xdg("XDG_CACHE_HOME", ".cache").map(|folder| folder.join("plimsoll/modules"));
    let fetch = Some(Arc::new(crate::fetch::HttpsFetch { log: log.clone() })
        as Arc<dyn plimsoll_script::loader::Fetch>);
    Ok(LoaderConfig { fetch, cache, mirrors, overlay })
}

fn origin(request: &Request) -> Result<Origin, Failure> {
    let compatibility = match request.runtime.compatibility_mode {
        CompatibilityMode::Extended => Compatibility::Extended,
        CompatibilityMode::Base => Compatibility::Base,
    };
    let file = request.file;
    if file == Path::new("-") {
        return in_memory(file, read_stdin()?, compatibility);
    }
    if let Some(text) = request.text {
        return in_memory(file, text.as_bytes().to_vec(), compatibility);
    }
    let path = std::path::absolute(file).map_err(|error| not_found(file, &error))?;
    // Whatever it is, it must be there; modules report their own absence when they are imported.
    let mut head = [0; 512];
    let length = std::fs::File::open(&path)
        .and_then(|mut file| file.read(&mut head))
        .map_err(|error| not_found(file, &error))?;
    let looks_like_archive = head.get(257..262) == Some(b"ustar") && length == head.len();
    match request.runtime.test_type {
        Some(TestType::Archive) => from_archive(&path),
        None if looks_like_archive => from_archive(&path),
        _ => {
            let entry = Url::from_file_path(&path).map_err(|()| {
                Failure::new(Exit::Other, format!("{}: not a path", path.display()))
            })?;
            let (overlay, env) = (BTreeMap::new(), BTreeMap::new());
            Ok(Origin { entry, overlay, env, options: None, compatibility })
        }
    }
}

fn not_found(file: &Path, error: &std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::NotFound {
        let message = format!(
            "The moduleSpecifier \"{}\" couldn't be found on local disk. Make sure that you've \
             specified the right path to the file.",
            file.display()
        );
        return Failure::new(Exit::Other, message);
    }
    Failure::new(Exit::Other, format!("cannot read {}: {error}", file.display()))
}

fn read_stdin() -> Result<Vec<u8>, Failure> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        let message = "`-` reads the script from standard input, which is a terminal";
        return Err(Failure::new(Exit::Other, message).with_hint("plimsoll run - < script.js"));
    }
    let mut text = Vec::new();
    stdin.take(STDIN_BYTES_MAX).read_to_end(&mut text).map_err(|error| {
        Failure::new(Exit::Other, format!("cannot read standard input: {error}"))
    })?;
    Ok(text)
}

/// A script that is no file; its relative imports start where the user is.
fn in_memory(name: &Path, text: Vec<u8>, compatibility: Compatibility) -> Result<Origin, Failure> {
    let path = std::path::absolute(name).map_err(|error| not_found(name, &error))?;
    let entry = Url::from_file_path(&path)
        .map_err(|()| Failure::new(Exit::Other, format!("{}: not a path", path.display())))?;
    let overlay = BTreeMap::from([(entry.to_string(), text.into())]);
    Ok(Origin { entry, overlay, env: BTreeMap::new(), options: None, compatibility })
}

fn from_archive(path: &Path) -> Result<Origin, Failure> {
    let name = path.display();
    let file = std::fs::File::open(path).map_err(|error| not_found(path, &error))?;
    let archive = Archive::read(std::io::BufReader::new(file))
        .map_err(|error| Failure::new(Exit::Other, format!("{name}: {error}")))?;
    let (options, _) =
        Options::from_json(&archive.options, Source::Script).map_err(Failure::from)?;
    let compatibility = match archive.compatibility_mode.as_str() {
        "base" => Compatibility::Base,
        _ => Compatibility::Extended,
    };
    Ok(Origin {
        entry: archive.entry,
        overlay: archive.files,
        env: archive.env,
        options: Some(options),
        compatibility,
    })
}
