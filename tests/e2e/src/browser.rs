//! Headless Chromium over its debugging pipe: opens a page, acts as a user would, and tells what went
//! wrong on it.

use std::{
    cell::RefCell,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// A browser that says nothing for so long hangs.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// How long a condition on a page may take to come true.
const WAIT_LIMIT: Duration = Duration::from_secs(20);

/// One page in a browser process of its own; ends with the value.
#[derive(Debug)]
pub struct Page {
    child: Child,
    input: RefCell<ChildStdin>,
    messages: Receiver<Value>,
    state: RefCell<State>,
    _profile: tempfile::TempDir,
}

#[derive(Debug, Default)]
struct State {
    session: Option<String>,
    last_id: u64,
    /// Exceptions and errors on the console.
    errors: Vec<String>,
    /// URLs that the page asked for, itself included.
    requests: Vec<String>,
    /// The loaders of documents that have loaded.
    loaded: Vec<String>,
}

/// Chromium's binary.
pub fn binary() -> PathBuf {
    let path = std::env::var_os("PLIMSOLL_CHROMIUM").map(PathBuf::from);
    let path = path.unwrap_or_else(|| PathBuf::from("/usr/bin/chromium"));
    assert!(
        path.is_file(),
        "{} is missing: run `apt-get install chromium` or `cargo xtask test`",
        path.display()
    );
    path
}

impl Page {
    /// Opens `url` in a window of `width` x `height` CSS pixels and waits until it has loaded.
    pub fn open(url: &str, width: u32, height: u32) -> Page {
        let profile = tempfile::tempdir().expect("make a folder");
        // The debugging pipe is on descriptors 3 and 4.
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null", "sh"]);
        command.arg(binary()).args(["--headless", "--no-sandbox", "--disable-gpu"]);
        command.args(["--no-first-run", "--disable-background-networking", "--hide-scrollbars"]);
        command.arg("--remote-debugging-pipe");
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        command.arg(format!("--window-size={width},{height}"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("start chromium");
        let input = child.stdin.take().expect("a pipe");
        let output = child.stdout.take().expect("a pipe");
        let (sender, messages) = channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut message = Vec::new();
            while output.read_until(0, &mut message).is_ok_and(|read| read > 0) {
                let text = message.strip_suffix(&[0]).unwrap_or(&message);
                if let Ok(value) = serde_json::from_slice(text)
                    && sender.send(value).is_err()
                {
                    break;
                }
                message.clear();
            }
        });
        let page = Page {
            child,
            input: RefCell::new(input),
            messages,
            state: RefCell::default(),
            _profile: profile,
        };
        page.attach(url, width, height);
        page
    }

    fn attach(&self, url: &str, width: u32, height: u32) {
        let target = self.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let target = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.call("Target.attachToTarget", &target);
        let session = attached["sessionId"].as_str().expect("a session").to_owned();
        self.state.borrow_mut().session = Some(session);
        for domain in ["Page", "Runtime", "Network", "Log"] {
            self.call(&format!("{domain}.enable"), &json!({}));
        }
        self.call("Page.setLifecycleEventsEnabled", &json!({ "enabled": true }));
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", &size);
        let answer = self.call("Page.navigate", &json!({ "url": url }));
        assert!(answer["errorText"].is_null(), "open {url}: {}", answer["errorText"]);
        // Until then expressions may still meet the empty page that was there before.
        let loader = answer["loaderId"].as_str().expect("a new document");
        while !self.state.borrow().loaded.iter().any(|loaded| loaded == loader) {
            let message = self.receive(&format!("the load of {url}"));
            self.note(&message);
        }
    }

    /// The value of a JavaScript expression on the page; a promise is waited for.
    pub fn evaluate(&self, expression: &str) -> Value {
        let what = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", &what);
        assert!(
            answer["exceptionDetails"].is_null(),
            "`{expression}` threw: {}",
            answer["exceptionDetails"]
        );
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub fn wait_for(&self, expression: &str) {
        let started = Instant::now();
        while self.evaluate(&format!("Boolean({expression})")) != Value::Bool(true) {
            let errors = self.errors();
            assert!(started.elapsed() < WAIT_LIMIT, "never true: {expression}; errors: {errors:?}");
            thread::sleep(Duration::from_millis(30));
        }
    }

    /// A real click in the middle of the element.
    pub fn click(&self, selector: &str) {
        let [x, y] = self.position(selector, 0.5, 0.5);
        self.mouse("mouseMoved", x, y);
        self.mouse("mousePressed", x, y);
        self.mouse("mouseReleased", x, y);
    }

    /// Moves the mouse to a place in the element: shares of its width and height.
    pub fn hover(&self, selector: &str, across: f64, down: f64) {
        let [x, y] = self.position(selector, across, down);
        self.mouse("mouseMoved", x, y);
    }

    /// Drags with the mouse from one share of the element's width to another.
    pub fn drag(&self, selector: &str, from: f64, to: f64) {
        let [left, y] = self.position(selector, from, 0.5);
        let [right, _] = self.position(selector, to, 0.5);
        self.mouse("mouseMoved", left, y);
        self.mouse("mousePressed", left, y);
        self.mouse("mouseMoved", f64::midpoint(left, right), y);
        self.mouse("mouseMoved", right, y);
        self.mouse("mouseReleased", right, y);
    }

    /// Presses and releases a key, by its name in `KeyboardEvent.key`.
    pub fn press(&self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            self.call("Input.dispatchKeyEvent", &json!({ "type": kind, "key": key }));
        }
    }

    /// Writes a PNG of the window.
    pub fn screenshot(&self, file: &Path) {
        let shot = self.call("Page.captureScreenshot", &json!({ "format": "png" }));
        let bytes = STANDARD.decode(shot["data"].as_str().expect("a picture")).expect("base64");
        std::fs::write(file, bytes).expect("write the picture");
    }

    /// Exceptions and errors on the console so far.
    pub fn errors(&self) -> Vec<String> {
        self.state.borrow().errors.clone()
    }

    /// URLs that were asked for so far, the page's own included.
    pub fn requests(&self) -> Vec<String> {
        self.state.borrow().requests.clone()
    }

    fn position(&self, selector: &str, across: f64, down: f64) -> [f64; 2] {
        let rectangle = self.evaluate(&format!(
            "(() => {{ const e = document.querySelector({}); if (!e) return null; \
             e.scrollIntoView({{ block: 'nearest' }}); const r = e.getBoundingClientRect(); \
             return [r.left, r.top, r.width, r.height]; }})()",
            json!(selector)
        ));
        let side = |at: usize| rectangle[at].as_f64().unwrap_or_else(|| panic!("no {selector}"));
        [side(0) + side(2) * across, side(1) + side(3) * down]
    }

    fn mouse(&self, kind: &str, x: f64, y: f64) {
        let is_move = kind == "mouseMoved";
        let event = json!({
            "type": kind, "x": x, "y": y, "button": if is_move { "none" } else { "left" },
            "buttons": 1, "clickCount": u8::from(!is_move),
        });
        self.call("Input.dispatchMouseEvent", &event);
    }

    /// One command and its answer; events on the way are noted.
    fn call(&self, method: &str, parameters: &Value) -> Value {
        let id = {
            let mut state = self.state.borrow_mut();
            state.last_id += 1;
            let mut message =
                json!({ "id": state.last_id, "method": method, "params": parameters });
            if let Some(session) = &state.session {
                message["sessionId"] = json!(session);
            }
            let mut bytes = message.to_string().into_bytes();
            bytes.push(0);
            self.input.borrow_mut().write_all(&bytes).expect("chromium is alive");
            state.last_id
        };
        loop {
            let mut message = self.receive(method);
            if message["id"] == json!(id) {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].take();
            }
            self.note(&message);
        }
    }

    /// The next message; `awaited` is what for.
    fn receive(&self, awaited: &str) -> Value {
        match self.messages.recv_timeout(ANSWER_LIMIT) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => panic!("chromium does not answer {awaited}"),
            Err(RecvTimeoutError::Disconnected) => panic!("chromium has ended at {awaited}"),
        }
    }

    fn note(&self, message: &Value) {
        let mut state = self.state.borrow_mut();
        let parameters = &message["params"];
        match message["method"].as_str() {
            Some("Runtime.exceptionThrown") => {
                state.errors.push(parameters["exceptionDetails"].to_string());
            }
            Some("Runtime.consoleAPICalled") if parameters["type"] == "error" => {
                state.errors.push(parameters["args"].to_string());
            }
            Some("Log.entryAdded") if parameters["entry"]["level"] == "error" => {
                state.errors.push(parameters["entry"].to_string());
            }
            Some("Network.requestWillBeSent") => {
                let url = parameters["request"]["url"].as_str().unwrap_or_default();
                state.requests.push(url.to_owned());
            }
            Some("Page.lifecycleEvent") if parameters["name"] == "load" => {
                let loader = parameters["loaderId"].as_str().unwrap_or_default();
                state.loaded.push(loader.to_owned());
            }
            _ => {}
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // It may have ended already; the profile goes with the folder.
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}
