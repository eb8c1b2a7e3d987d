//! Bad targets, bad files, bad endings: a clear error, and the results so far are kept.

use std::{
    io::{Read, Write},
    net::TcpListener,
    process::Stdio,
    thread,
    time::Duration,
};

use plimsoll_e2e::{Run, Tool, command, finish, plimsoll, run_source};

/// A server that does `act` with each connection after reading a request; ends with the process.
fn server(act: fn(&mut std::net::TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut request = [0; 4096];
                let read = stream.read(&mut request).unwrap_or(0);
                if read > 0 {
                    act(&mut stream);
                }
            });
        }
    });
    url
}

const GET: &str = "
    import http from 'k6/http';
    export default function () {
      const res = http.get(__ENV.TARGET, { timeout: __ENV.TIMEOUT });
      console.log(`status=${res.status} code=${res.error_code} error=${res.error}`);
    }";

/// How long an answer may take that comes: on a busy machine some seconds.
const PATIENT: &str = "TIMEOUT=30s";

/// One request to `url`; the run itself must end well, with the error in the response.
fn get(tool: Tool, url: &str) -> Run {
    get_within(tool, url, PATIENT)
}

fn get_within(tool: Tool, url: &str, timeout: &str) -> Run {
    let run = run_source(tool, GET, &["-e", &format!("TARGET={url}"), "-e", timeout]);
    assert_eq!(run.code, Some(0), "{tool:?}\n{}", run.said());
    assert!(run.stdout.contains("http_reqs"), "the summary is printed\n{}", run.said());
    run
}

/// The line that the script logged.
fn logged(run: &Run) -> String {
    let line = run.stderr.lines().find(|line| line.contains("status=")).unwrap_or_default();
    let from = line.find("status=").unwrap_or(0);
    line[from..].split("\" source").next().unwrap_or_default().to_owned()
}

/// Both tools see the same status and error code.
fn same(act: fn(&mut std::net::TcpStream)) -> String {
    same_within(act, PATIENT)
}

fn same_within(act: fn(&mut std::net::TcpStream), timeout: &str) -> String {
    let url = server(act);
    let mask = |run: &Run| {
        let text = logged(run);
        text.split(" error=").next().unwrap_or_default().to_owned()
    };
    let (k6, ours) =
        (get_within(Tool::K6, &url, timeout), get_within(Tool::Plimsoll, &url, timeout));
    assert_eq!(mask(&k6), mask(&ours), "k6: {}\nours: {}", logged(&k6), logged(&ours));
    logged(&ours)
}

#[test]
fn target_down() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let (k6, ours) = (get(Tool::K6, &url), get(Tool::Plimsoll, &url));
    assert_eq!(logged(&k6), logged(&ours));
    assert!(ours.stderr.contains("Request Failed"), "{}", ours.stderr);
    assert!(ours.stderr.contains("connection refused"), "{}", ours.stderr);
}

#[test]
fn target_closes_early() {
    same(|_| {});
}

#[test]
fn target_sends_half_a_response() {
    same(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").unwrap_or(())
    });
}

#[test]
fn target_sends_garbage() {
    same(|stream| stream.write_all(b"\x00\x01\x02 this is no HTTP\r\n\r\n").unwrap_or(()));
}

#[test]
fn target_never_answers() {
    let line = same_within(|_| thread::sleep(Duration::from_secs(3)), "TIMEOUT=1s");
    assert!(line.contains("code=1050"), "{line}");
}

#[test]
fn target_sends_an_enormous_header() {
    same(|stream| {
        // The client hangs up at its limit, so writing may fail.
        let written = stream.write_all(b"HTTP/1.1 200 OK\r\nX: ");
        let mut left = 400;
        while written.is_ok() && left > 0 && stream.write_all(&[b'a'; 65536]).is_ok() {
            left -= 1;
        }
    });
}

#[test]
fn plain_text_where_tls_is_expected() {
    let url = server(|stream| stream.write_all(b"HTTP/1.1 400 Bad\r\n\r\n").unwrap_or(()));
    let url = url.replace("http://", "https://");
    let (k6, ours) = (get(Tool::K6, &url), get(Tool::Plimsoll, &url));
    for run in [&k6, &ours] {
        assert!(logged(run).starts_with("status=0"), "{}", run.said());
    }
}

#[test]
fn untrusted_certificate() {
    let web = plimsoll_e2e::Web::start_with(&["--tls"]);
    let url = format!("{}/get", web.url);
    let (k6, ours) = (get(Tool::K6, &url), get(Tool::Plimsoll, &url));
    let code = |run: &Run| logged(run).split(" error=").next().unwrap_or_default().to_owned();
    assert_eq!(code(&k6), code(&ours), "k6: {}\nours: {}", logged(&k6), logged(&ours));
    let run = run_source(
        Tool::Plimsoll,
        GET,
        &["--insecure-skip-tls-verify", "-e", &format!("TARGET={url}"), "-e", PATIENT],
    );
    assert!(logged(&run).starts_with("status=200"), "{}", run.said());
}

#[test]
fn full_disk_under_out() {
    let source = "export default function () {}";
    let run = run_source(Tool::Plimsoll, source, &["-i", "5", "--out", "json=/dev/full"]);
    assert!(run.stdout.contains("iterations"), "the summary is printed\n{}", run.said());
    assert!(run.stderr.contains("/dev/full"), "the error names the file\n{}", run.said());
}

#[test]
fn output_into_a_folder_that_is_not_there() {
    let run = run_source(
        Tool::Plimsoll,
        "export default function () {}",
        &["--out", "json=/no/such/x.json"],
    );
    assert_ne!(run.code, Some(0), "{}", run.said());
    assert!(run.stderr.contains("/no/such/x.json"), "{}", run.stderr);
}

#[test]
fn unknown_output() {
    let run = run_source(Tool::Plimsoll, "export default function () {}", &["--out", "nothing=x"]);
    assert_eq!(run.code, Some(255), "{}", run.said());
    assert!(run.stderr.contains("invalid output type 'nothing'"), "{}", run.stderr);
}

#[test]
fn closed_stdout() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("script.js"), "export default function () {}").unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["run", "--summary-export", "summary.json", "script.js"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert!(folder.path().join("summary.json").is_file(), "results are still written\n{stderr}");
}

#[test]
fn unsupported_modules_name_the_place() {
    for module in ["k6/ws", "k6/net/grpc", "k6/browser", "k6/x/sql"] {
        let source = format!(
            "import http from 'k6/http';\nimport x from '{module}';\nexport default function () {{}}"
        );
        let run = run_source(Tool::Plimsoll, &source, &[]);
        assert_ne!(run.code, Some(0), "{}", run.said());
        assert!(run.stderr.contains(module), "{module}\n{}", run.stderr);
        assert!(run.stderr.contains("script.js:2"), "{module}: the place is named\n{}", run.stderr);
    }
}

#[test]
fn a_script_error_in_typescript_names_the_line_of_the_source() {
    let source = "interface A {\n  a: number;\n}\n\nexport default function () {\n  const x: A | null = null;\n  \
        console.log((x as unknown as A).a);\n}\n";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("script.ts"), source).unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["run", "script.ts"]);
    let run = finish(command, folder, None);
    assert_eq!(run.code, Some(0), "{}", run.said());
    assert!(run.stderr.contains("script.ts:7:"), "{}", run.stderr);
}

#[test]
fn cloud_flags_and_verbs_say_so() {
    let run = plimsoll(&["cloud", "run", "x.js"]);
    assert_eq!(run.code, Some(255), "{}", run.said());
    assert!(run.stderr.contains("cloud"), "{}", run.stderr);
    let run = run_source(Tool::Plimsoll, "export default function () {}", &["--out", "cloud"]);
    assert_eq!(run.code, Some(255), "{}", run.said());
    assert!(run.stderr.contains("cloud"), "{}", run.stderr);
}
