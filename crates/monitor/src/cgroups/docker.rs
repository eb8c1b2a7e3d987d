//! Containers of Docker (and of Podman, which keeps to the same interface): from a name to an id, from an
//! id to a cgroup.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

use super::hierarchy::{self, Hierarchy};

/// Digits of a container's id.
const ID_DIGITS: usize = 64;

/// So many digits are taken for the beginning of an id.
const ID_DIGITS_MIN: usize = 4;

/// Bytes taken of an engine's answer or of a container's file.
const DESCRIPTION_BYTES: u64 = 4 << 20;

/// Where an engine may be asked, and where Docker keeps its containers.
pub(super) struct Engine {
    pub(super) sockets: Vec<PathBuf>,
    pub(super) containers: PathBuf,
}

impl Default for Engine {
    fn default() -> Engine {
        let sockets = ["/var/run/docker.sock", "/run/podman/podman.sock"];
        Engine {
            sockets: sockets.map(PathBuf::from).into(),
            containers: "/var/lib/docker/containers".into(),
        }
    }
}

/// Whether an engine would take it for a name or an id.
pub(super) fn is_valid(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// The cgroup of a running container.
pub(super) async fn resolve(
    engine: &Engine,
    hierarchies: &[Hierarchy],
    name: &str,
) -> Result<PathBuf, String> {
    if is_id(name) {
        let found = by_id(hierarchies, name);
        if let Ok(path) = found {
            return Ok(path);
        }
    }
    let id = engine.id_of(name).await?;
    by_id(hierarchies, &id).map_err(|_| "the container is not running".to_owned())
}

/// Whether it may be the beginning of an id.
fn is_id(text: &str) -> bool {
    (ID_DIGITS_MIN..=ID_DIGITS).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn by_id(hierarchies: &[Hierarchy], id: &str) -> Result<PathBuf, String> {
    let found = hierarchy::search(hierarchies, |folder| {
        container_of(folder).is_some_and(|container| container.starts_with(id))
    });
    hierarchy::only(found, "no container has this id")
}

/// The id in a folder's name: `<id>`, `docker-<id>.scope`, `cri-containerd-<id>.scope`. Podman's monitor
/// of a container has a cgroup with the id too.
fn container_of(folder: &str) -> Option<&str> {
    let bare = folder.strip_suffix(".scope").unwrap_or(folder);
    let (kind, id) = bare.rsplit_once('-').unwrap_or(("", bare));
    (id.len() == ID_DIGITS && is_id(id) && !kind.contains("conmon")).then_some(id)
}

impl Engine {
    /// Asks the engine; where none answers, looks into its files.
    async fn id_of(&self, name: &str) -> Result<String, String> {
        let mut reasons = Vec::new();
        for socket in &self.sockets {
            let reason = match ask(socket, name).await {
                Ok(Some(id)) => return Ok(id),
                Ok(None) => "it knows no such container".to_owned(),
                // An engine that is not installed is no news.
                Err(Refusal::Io(error)) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(refusal) => refusal.to_string(),
            };
            reasons.push(format!("{}: {reason}", socket.display()));
        }
        let reason = match id_in_files(&self.containers, name) {
            Ok(Some(id)) => return Ok(id),
            Ok(None) => Some("it is not there".to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => Some(error.to_string()),
        };
        reasons.extend(reason.map(|reason| format!("{}: {reason}", self.containers.display())));
        if reasons.is_empty() {
            return Err("no container engine was found that could tell of this name; \
                the beginning of the container's id needs none"
                .to_owned());
        }
        Err(format!("no container of this name or id was found ({})", reasons.join("; ")))
    }
}

/// Why an engine did not tell.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("it answered {0}")]
    Status(String),
    #[error("its answer cannot be understood")]
    Answer,
}

/// One question over the engine's socket; `None` when it knows no such container.
async fn ask(socket: &Path, name: &str) -> Result<Option<String>, Refusal> {
    let mut stream = UnixStream::connect(socket).await?;
    let request = format!("GET /containers/{name}/json HTTP/1.0\r\nHost: engine\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(DESCRIPTION_BYTES).read_to_end(&mut answer).await?;
    parse_answer(&answer)
}

fn parse_answer(answer: &[u8]) -> Result<Option<String>, Refusal> {
    let answer = String::from_utf8_lossy(answer);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(Refusal::Answer)?;
    match head.split(' ').nth(1) {
        Some("200") => {}
        Some("404") => return Ok(None),
        status => return Err(Refusal::Status(status.unwrap_or("nothing").to_owned())),
    }
    let body: Value = serde_json::from_str(body).map_err(|_| Refusal::Answer)?;
    let id = body.get("Id").and_then(Value::as_str).ok_or(Refusal::Answer)?;
    Ok(Some(id.to_owned()))
}

/// Looks through `ID/config.v2.json`.
fn id_in_files(containers: &Path, name: &str) -> io::Result<Option<String>> {
    for folder in fs::read_dir(containers)?.flatten() {
        let path = folder.path().join("config.v2.json");
        if !fs::metadata(&path).is_ok_and(|file| file.len() < DESCRIPTION_BYTES) {
            continue;
        }
        let Ok(text) = fs::read_to_string(path) else { continue };
        let Ok(container) = serde_json::from_str::<Value>(&text) else { continue };
        let field = |key| container.get(key).and_then(Value::as_str);
        if field("Name").is_some_and(|known| known.trim_start_matches('/') == name) {
            return Ok(field("ID").map(str::to_owned));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use plimsoll_runtime::workers;
    use tokio::net::UnixListener;

    use super::*;

    const ID: &str = "94a56d401c6a3872f67d098a85622c29dd4dee1f1a2c1a9ab0bd3c1dfd0d7a3e";

    #[test]
    fn ids_in_names_of_folders() {
        for (folder, expected) in [
            (ID.to_owned(), Some(ID)),
            (format!("docker-{ID}.scope"), Some(ID)),
            (format!("cri-containerd-{ID}.scope"), Some(ID)),
            (format!("libpod-conmon-{ID}.scope"), None),
            ("nginx.service".to_owned(), None),
            (ID[..63].to_owned(), None),
        ] {
            assert_eq!(container_of(&folder), expected, "{folder}");
        }
        assert!(is_id("94a5") && !is_id("94a") && !is_id("94A5") && !is_id("web1"));
        assert!(is_valid("web_1.a-b") && !is_valid("-a") && !is_valid("a/b") && !is_valid(""));
    }

    /// A host with one container, which runs, and what is found of it.
    fn check(engine: &Engine, name: &str, expected: Result<&str, &str>) {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join(format!("system.slice/docker-{ID}.scope"))).unwrap();
        let root = root.path().to_owned();
        let hierarchies = [Hierarchy { root, controllers: Vec::new() }];
        let found = workers::block_on(resolve(engine, &hierarchies, name)).unwrap();
        match (found, expected) {
            (Ok(path), Ok(expected)) => {
                assert_eq!(path.display().to_string(), expected.replace("ID", ID));
            }
            (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
            (found, _) => panic!("{name}: {found:?}"),
        }
    }

    #[test]
    fn by_the_beginning_of_the_id_without_any_engine() {
        let engine = Engine { sockets: Vec::new(), containers: "/nonexistent".into() };
        check(&engine, &ID[..12], Ok("system.slice/docker-ID.scope"));
        check(&engine, ID, Ok("system.slice/docker-ID.scope"));
        check(&engine, "web", Err("no container engine was found"));
        check(&engine, "beef", Err("no container engine was found"));
    }

    #[test]
    fn by_name_from_the_files() {
        let containers = tempfile::tempdir().unwrap();
        for (id, name) in [(ID, "web"), (&"0".repeat(64), "ended")] {
            let folder = containers.path().join(id);
            fs::create_dir(&folder).unwrap();
            let text = format!(r#"{{"State":{{"Running":true}},"ID":"{id}","Name":"/{name}"}}"#);
            fs::write(folder.join("config.v2.json"), text).unwrap();
        }
        let containers = containers.path().to_owned();
        let engine = Engine { sockets: vec!["/nonexistent".into()], containers };
        check(&engine, "web", Ok("system.slice/docker-ID.scope"));
        check(&engine, "ended", Err("the container is not running"));
        check(&engine, "we", Err("no container of this name or id was found (/"));
    }

    #[test]
    fn by_name_from_the_engine() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docker.sock");
        let ask_for = |name: &'static str| {
            workers::block_on(async {
                fs::remove_file(&path).ok();
                let listener = UnixListener::bind(&path).unwrap();
                let server = tokio::task::spawn_local(async move {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    let mut request = [0; 256];
                    let length = stream.read(&mut request).await.unwrap();
                    let is_web =
                        request[..length].starts_with(b"GET /containers/web/json HTTP/1.0\r\n");
                    let answer = match is_web {
                        true => {
                            format!("HTTP/1.0 200 OK\r\nServer: x\r\n\r\n{{\"Id\":\"{ID}\"}}\n")
                        }
                        false => "HTTP/1.0 404 Not Found\r\n\r\n{\"message\":\"no\"}".to_owned(),
                    };
                    stream.write_all(answer.as_bytes()).await.unwrap();
                });
                let answer = ask(&path, name).await;
                server.await.unwrap();
                answer
            })
            .unwrap()
        };
        assert_eq!(ask_for("web").unwrap(), Some(ID.to_owned()));
        assert_eq!(ask_for("other").unwrap(), None);
        let refusal = parse_answer(b"HTTP/1.0 500 X\r\n\r\n").unwrap_err();
        assert_eq!(refusal.to_string(), "it answered 500");
        assert!(parse_answer(b"garbage").is_err());
    }
}
