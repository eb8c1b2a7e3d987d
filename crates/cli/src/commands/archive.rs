//! `plimsoll archive`: a script with everything it reads in one file.

use std::{collections::BTreeMap, io::Write, path::Path, sync::Arc};

use plimsoll_script::{archive::Archive, loader::Modules, options::View};
use url::Url;

use crate::{
    Session,
    args::{ArchiveArgs, CompatibilityMode},
    commands::run::Prepared,
    exit::{Exit, Failure},
    load::{self, Request},
};

/// Everything that the script has read so far, by URL.
fn files(modules: &Modules) -> BTreeMap<String, Arc<[u8]>> {
    let sources = modules.originals().into_iter().map(|(url, bytes)| (url.into(), bytes));
    let data = modules.data_files().into_iter();
    let data =
        data.filter_map(|(path, bytes)| Some((Url::from_file_path(path).ok()?.into(), bytes)));
    sources.chain(data).collect()
}

/// Writes the archive; a half-written one is not left behind.
pub(crate) fn archive(args: &ArchiveArgs, session: &Session) -> Result<(), Failure> {
    let log = session.log;
    let request = Request {
        file: &args.file,
        text: None,
        runtime: &args.runtime,
        options: Some(&args.options),
        config: session.global.config.as_deref(),
        system_env: false,
    };
    let loaded = load::load(&request, log)?;
    for metric in plimsoll_monitor::metric::all() {
        // Whoever runs the archive may watch; a name that the script has taken is the script's.
        metric.register(&loaded.registry).ok();
    }
    let prepared = Prepared::new(loaded, args.runtime.no_thresholds, None, log)?;
    let modules = &prepared.loaded.script.test().modules;
    let archive = Archive {
        entry: modules.entry().clone(),
        env: if args.exclude_env_vars { BTreeMap::new() } else { prepared.loaded.env.clone() },
        options: prepared.consolidated.options.to_json(View::Script),
        compatibility_mode: match args.runtime.compatibility_mode {
            CompatibilityMode::Extended => "extended".into(),
            CompatibilityMode::Base => "base".into(),
        },
        files: files(modules),
    };
    let mut bytes = Vec::new();
    let out = &args.archive_out;
    let failed = |error: std::io::Error| {
        let place = match out.to_str() {
            Some("-") => "the archive to standard output".to_owned(),
            _ => out.display().to_string(),
        };
        Failure::new(Exit::Other, format!("cannot write {place}: {error}"))
    };
    archive.write(&mut bytes).map_err(failed)?;
    if out == Path::new("-") {
        return std::io::stdout().lock().write_all(&bytes).map_err(failed);
    }
    std::fs::write(out, &bytes).map_err(failed)?;
    log.debug(&format!("wrote {} ({} bytes)", out.display(), bytes.len()));
    Ok(())
}
