//! The page of runs, in a real browser: the dashboard while a run goes, several runs over each other,
//! and the report without a network.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use plimsoll_e2e::{Run, Tool, Web, browser::Page, command, finish, signal};
use serde_json::Value;

/// How long a program may take to say where it listens, and a run to end.
const WAIT_LIMIT: Duration = Duration::from_secs(60);

/// The page's own JSON of its first run: embedded, or from the program that serves it.
const DATA: &str = "(async () => { const text = document.getElementById('data').textContent; \
    const all = text ? JSON.parse(text) : await (await fetch('api/runs')).json(); return all.runs; })()";

/// `port:NUMBER` of a service.
fn port(web: &Web) -> String {
    format!("port:{}", web.url.rsplit(':').next().unwrap())
}

/// Requests, of which one in 25 fails, with thresholds that hold and one that does not.
fn script(web: &Web, seconds: u32, is_watched: bool) -> String {
    let url = &web.url;
    let watched = match is_watched {
        true => {
            format!("\"process_memory_bytes{{process:{}}}\": [\"max<1000000000000\"],", port(web))
        }
        false => String::new(),
    };
    format!(
        r#"import http from "k6/http";
import exec from "k6/execution";
import {{ check }} from "k6";
export const options = {{
  scenarios: {{ main: {{ executor: "constant-arrival-rate", rate: 50, timeUnit: "1s", duration: "{seconds}s", preAllocatedVUs: 20 }} }},
  thresholds: {{
    http_req_failed: ["rate<0.01"],
    http_reqs: ["count>10"],
    {watched}
  }},
}};
export default function () {{
  const broken = exec.scenario.iterationInTest % 25 === 0;
  const response = http.get("{url}/status/" + (broken ? 503 : 200), {{ tags: {{ name: broken ? "broken" : "whole" }} }});
  check(response, {{ "is whole": (r) => r.status === 200, "came back": (r) => r.status > 0 }});
}}
"#
    )
}

/// Keeps a picture where people can find it, if asked to.
fn keep(page: &Page, name: &str) {
    if let Some(folder) = std::env::var_os("PLIMSOLL_SCREENSHOTS") {
        page.screenshot(&Path::new(&folder).join(name));
    }
}

/// Nothing went wrong on the page, and it asked nobody else.
fn check_clean(page: &Page, own: &str) {
    assert_eq!(page.errors(), Vec::<String>::new());
    let requests = page.requests();
    let foreign: Vec<&String> =
        requests.iter().filter(|url| !url.starts_with(own) && !url.starts_with("data:")).collect();
    assert!(foreign.is_empty(), "asked for {foreign:?}");
}

/// A run in a folder of its own, its output in files there.
struct Running {
    child: Child,
    folder: tempfile::TempDir,
}

impl Running {
    fn start(web: &Web, seconds: u32, arguments: &[&str]) -> Running {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("script.js"),
            script(web, seconds, arguments.contains(&"--watch")),
        )
        .unwrap();
        let mut command = command(Tool::Plimsoll, folder.path());
        command.arg("run").args(arguments).arg("script.js");
        let child = in_background(command, folder.path());
        Running { child, folder }
    }

    fn said(&self) -> String {
        let read = |name: &str| std::fs::read_to_string(self.folder.path().join(name));
        format!("{}\n{}", read(".out").unwrap_or_default(), read(".err").unwrap_or_default())
    }

    /// The first address that it tells, of those that begin so.
    fn address(&self, start: &str) -> String {
        let started = Instant::now();
        loop {
            let said = self.said();
            let found = said.split([' ', '\n', '"']).find(|word| word.starts_with(start));
            if let Some(address) = found {
                return address.trim_end_matches([';', ',']).to_owned();
            }
            assert!(started.elapsed() < WAIT_LIMIT, "no {start} in {said}");
            sleep(Duration::from_millis(50));
        }
    }

    fn wait(&mut self) -> Option<i32> {
        let started = Instant::now();
        while started.elapsed() < WAIT_LIMIT {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            sleep(Duration::from_millis(30));
        }
        panic!("it does not end: {}", self.said());
    }
}

fn in_background(mut command: Command, folder: &Path) -> Child {
    let file = |name: &str| std::fs::File::create(folder.join(name)).unwrap();
    command.stdout(file(".out")).stderr(file(".err")).stdin(Stdio::null());
    command.spawn().unwrap()
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// `plimsoll VERB ARGUMENTS` in the folder of a run, where its record is.
fn beside(run: &Running, arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(Tool::Plimsoll, run.folder.path());
    command.args(arguments);
    finish(command, folder, None)
}

/// The thresholds on the page: state and expression.
fn thresholds(page: &Page) -> Value {
    page.evaluate(
        "[...document.querySelectorAll('.thresholds li')].map(li => \
         [li.className, li.querySelector('.rule').textContent])",
    )
}

/// What the page tells is what its JSON holds.
fn check_figures(page: &Page) {
    let runs = page.evaluate(DATA);
    let totals = &runs[0]["totals"];
    let tile = |name: &str| {
        let found = page.evaluate(&format!(
            "[...document.querySelectorAll('.tile')].find(tile => \
             tile.querySelector('dt').textContent === '{name}').innerText"
        ));
        found.as_str().unwrap().to_owned()
    };
    let requests = totals["requests"].as_u64().unwrap();
    assert!(requests > 0, "{totals}");
    assert!(tile("Requests").replace(',', "").contains(&requests.to_string()), "{totals}");
    let failed = totals["failed"].as_u64().unwrap();
    assert!(tile("Errors").contains(&format!("{failed} of ")), "{}", tile("Errors"));
    let urls = page.evaluate(
        "[...document.querySelectorAll('.urls tbody tr')].map(row => \
         [row.cells[0].innerText, row.cells[1].innerText.replace(',', '')])",
    );
    let expected = runs[0]["urls"].as_array().unwrap();
    assert_eq!(urls.as_array().unwrap().len(), expected.len(), "{urls}");
    for url in expected {
        let row = [
            format!("{}{}", url["method"].as_str().unwrap(), url["name"].as_str().unwrap()),
            url["count"].to_string(),
        ];
        assert!(urls.as_array().unwrap().contains(&serde_json::json!(row)), "{row:?} in {urls}");
    }
}

#[test]
fn a_dashboard_follows_its_run() {
    let web = Web::start();
    let port = port(&web);
    let arguments = ["--watch", &port, "--dashboard=127.0.0.1:0"];
    // Until it is stopped: on a busy machine a browser takes its time, and what it is to see comes while it runs.
    let mut run = Running::start(&web, 300, &arguments);
    let url = run.address("http://127.0.0.1:");
    let page = Page::open(&url, 1280, 900);
    page.wait_for("document.querySelectorAll('.tile').length === 8");
    keep(&page, "dashboard-early.png");
    assert_eq!(page.evaluate("document.getElementById('name').textContent"), "script.js");
    page.wait_for("document.getElementById('state').textContent.startsWith('Failing')");
    let seen = page.evaluate("document.getElementById('state').textContent");
    page.wait_for(&format!("document.getElementById('state').textContent !== {seen}"));

    // The service's own charts are there, with values, and the load's above them.
    let watched = format!("document.querySelector('section.group[aria-label^=\"{port}\"]')");
    page.wait_for(&format!("{watched}?.querySelector('.figures b')"));
    page.evaluate(&format!("{watched}.scrollIntoView()"));
    page.wait_for(&format!("{watched}.querySelector('.chart canvas')"));
    page.wait_for("document.querySelector('[id^=watched-generator] .figures b')");
    keep(&page, "dashboard-watched.png");
    page.evaluate("scrollTo(0, 0)");
    page.wait_for("document.querySelectorAll('#rate canvas').length === 1");
    let told = thresholds(&page);
    assert!(told.as_array().unwrap().contains(&serde_json::json!(["bad", "rate<0.01"])), "{told}");
    assert!(told.as_array().unwrap().contains(&serde_json::json!(["ok", "count>10"])), "{told}");
    keep(&page, "dashboard-mid.png");
    check_points(&page);

    // The end is told before the program is gone.
    signal(&run.child, Signal::SIGINT);
    page.wait_for("document.getElementById('state').textContent.startsWith('Failed')");
    check_clean_but_gone(&page, &url);
    keep(&page, "dashboard-end.png");
    assert_eq!(run.wait(), Some(105), "{}", run.said());
}

/// Second after second came, each with its rate: nothing is lost between what a page got first and what
/// came later.
fn check_points(page: &Page) {
    page.click("#rate .panel-tools button");
    let rows = "[...document.querySelectorAll('#rate .numbers tbody tr')].map(row => \
                [row.cells[0].textContent, row.cells[1].textContent])";
    page.wait_for(&format!("{rows}.length > 5"));
    let rows = page.evaluate(rows);
    for (second, row) in (1..).zip(rows.as_array().unwrap()) {
        assert_eq!(row[0], format!("0:{second:02}"), "{rows}");
        let rate: f64 = row[1].as_str().unwrap().trim_end_matches("/s").parse().unwrap();
        // None in a second that the machine had no time for.
        assert!(rate >= 0.0, "{rows}");
    }
}

/// The program has ended or is about to, which the browser calls an error.
fn check_clean_but_gone(page: &Page, own: &str) {
    let errors = page.errors();
    let others: Vec<&String> = errors.iter().filter(|error| !error.contains("net::ERR")).collect();
    assert!(others.is_empty(), "{others:?}");
    let requests = page.requests();
    assert!(
        requests.iter().all(|url| url.starts_with(own) || url.starts_with("data:")),
        "{requests:?}"
    );
}

#[test]
fn runs_are_laid_over_each_other() {
    let web = Web::start();
    let mut first = Running::start(&web, 3, &["--record", "first.plimsoll"]);
    assert_eq!(first.wait(), Some(99), "{}", first.said());
    std::fs::write(first.folder.path().join("script.js"), script(&web, 2, false)).unwrap();
    let second = beside(&first, &["run", "--record", "second.plimsoll", "script.js"]);
    assert_eq!(second.code, Some(99), "{}", second.said());

    let mut view = command(Tool::Plimsoll, first.folder.path());
    view.args(["view", "--listen", "127.0.0.1:0", "first.plimsoll", "second.plimsoll"]);
    first.child = in_background(view, first.folder.path());
    let url = first.address("http://127.0.0.1:");
    let page = Page::open(&url, 1280, 900);
    page.wait_for("document.querySelectorAll('.compare thead th').length === 2");
    let row = |name: &str| {
        page.evaluate(&format!(
            "[...[...document.querySelectorAll('.compare tbody tr')].find(row => \
             row.cells[0].textContent === '{name}').cells].slice(1).map(cell => \
             cell.firstChild.textContent.replace(',', ''))"
        ))
    };
    let runs = page.evaluate(DATA);
    let requests: Vec<String> =
        (0..2).map(|at| runs[at]["totals"]["requests"].to_string()).collect();
    assert_eq!(row("Requests"), serde_json::json!(requests));
    assert_ne!(requests[0], requests[1]);
    page.wait_for("document.querySelectorAll('#rate .entry').length >= 4");
    keep(&page, "several.png");

    // A run that is hidden has no lines.
    let lines = "document.querySelectorAll('#rate .entry').length";
    let before = page.evaluate(lines).as_u64().unwrap();
    page.click(".compare thead th:nth-of-type(2) input, .compare thead th:last-child input");
    page.wait_for(&format!("{lines} < {before}"));
    check_clean(&page, &url);
}

#[test]
fn a_report_opens_without_a_network() {
    let web = Web::start();
    let port = port(&web);
    let reports = ["--report", "out.html", "--report", "out.md"];
    let mut run = Running::start(&web, 4, &[&["--watch", &port], &reports[..]].concat());
    assert_eq!(run.wait(), Some(99), "{}", run.said());
    drop(web);
    let path = run.folder.path().join("out.html");
    let url = format!("file://{}", path.display());
    let page = Page::open(&url, 1280, 900);
    page.wait_for("document.querySelectorAll('#rate canvas').length === 1");
    assert!(page.evaluate("document.title").as_str().unwrap().starts_with("Failed"));
    let first = page.evaluate("document.querySelector('main > :first-child').innerText");
    assert!(first.as_str().unwrap().starts_with("Failed"), "the verdict comes first: {first}");
    let told = thresholds(&page);
    let expected =
        serde_json::json!([["bad", "rate<0.01"], ["ok", "count>10"], ["ok", "max<1000000000000"]]);
    for threshold in expected.as_array().unwrap() {
        assert!(told.as_array().unwrap().contains(threshold), "{threshold} in {told}");
    }
    check_figures(&page);
    let sections = page
        .evaluate("[...document.querySelectorAll('.group h2')].map(h => h.firstChild.textContent)");
    assert!(sections.as_array().unwrap().contains(&serde_json::json!(port)), "{sections}");
    keep(&page, "report.png");

    // A drag zooms all, Escape goes back; the keys are told.
    let whole = "document.getElementById('unzoom').disabled";
    page.drag("#rate .u-over", 0.3, 0.7);
    page.wait_for(&format!("!{whole}"));
    page.press("Escape");
    page.wait_for(whole);
    page.press("?");
    page.wait_for("document.getElementById('help').open");
    page.press("Escape");
    page.evaluate("document.getElementById('help').close()");
    page.click("#rate .panel-tools button");
    page.wait_for("document.querySelectorAll('#rate .numbers tbody tr').length > 1");
    check_clean(&page, &url);

    let markdown = std::fs::read_to_string(run.folder.path().join("out.md")).unwrap();
    assert!(markdown.starts_with("## ❌ script.js: failed"), "{markdown}");
    assert!(markdown.contains(&format!("| {port} on ")), "{markdown}");

    // The record gives the same report.
    let again = beside(&run, &["report", "--html"]);
    assert_eq!(again.code, Some(0), "{}", again.said());
    let of = |text: &str| -> Value {
        let (_, rest) = text.split_once("id=\"data\">").unwrap();
        let data: Value = serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap();
        data["runs"][0]["totals"].clone()
    };
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(of(&again.stdout), of(&written));
    let again = beside(&run, &["report", "--md", "script.js"]);
    assert!(again.stdout.starts_with("## ❌ script.js: failed"), "{}", again.said());
}

#[test]
fn a_report_fits_a_telephone() {
    let web = Web::start();
    let mut run = Running::start(&web, 2, &["--report", "out.html"]);
    assert_eq!(run.wait(), Some(99), "{}", run.said());
    let url = format!("file://{}", run.folder.path().join("out.html").display());
    let page = Page::open(&url, 360, 800);
    page.wait_for("document.querySelectorAll('.tile').length === 8");
    assert_eq!(page.evaluate("document.documentElement.scrollWidth"), 360, "nothing sticks out");
    assert_eq!(page.evaluate("document.querySelector('.hint').hidden"), false);
    keep(&page, "narrow.png");
    check_clean(&page, &url);
}

#[test]
fn what_cannot_be_reported_is_told_before_the_run() {
    let check = |arguments: &[&str], expected: &str| {
        let run = plimsoll_e2e::plimsoll(arguments);
        assert_ne!(run.code, Some(0), "{}", run.said());
        assert!(run.stderr.contains(expected), "{expected} in {}", run.said());
    };
    check(&["report", "--html", "nothing.plimsoll"], "nothing.plimsoll");
    check(&["report", "--html", "-"], "pipe");
    check(&["report", "--md", "--html", "x"], "--html");
    check(&["report", "--md", "-type=json", "x"], "--md");
}
