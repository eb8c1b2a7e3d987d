//! The page and the reports of a search in a browser, from a real search of a service with a known limit.
//! Structure and behaviour, no timings.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Stdio},
    sync::OnceLock,
    thread::sleep,
    time::Duration,
};

use nix::sys::signal::Signal;
use plimsoll_e2e::{Run, Tool, Web, browser::Page, command, finish, signal};

/// How often one looks for something that is to come, every 50 ms.
const LOOKS: u32 = 1200;

/// A finished search with everything that it wrote.
fn searched() -> &'static Run {
    static RUN: OnceLock<Run> = OnceLock::new();
    RUN.get_or_init(|| {
        let web = Web::start_with(&["--pool", "2"]);
        let folder = tempfile::tempdir().unwrap();
        let mut command = searching(&web, folder.path(), "12s");
        command.args(["--report", "search.html", "--report", "search.md", "--goal", "1000/s"]);
        command.args(["-H", "Authorization: Bearer geheim", "--state", "search.jsonl"]);
        finish(command, folder, None)
    })
}

fn searching(web: &Web, folder: &Path, budget: &str) -> std::process::Command {
    let url = format!("{}/work?sleep_ms=20", web.url);
    let mut command = command(Tool::Plimsoll, folder);
    command.args(["capacity", &url, "--slo", "p(90)<300ms", "--budget", budget]);
    command.args(["--watch", "host", "--senders", "400"]);
    command
}

fn open(file: &Path, width: u32) -> Page {
    let page = Page::open(&format!("file://{}", file.display()), width, 900);
    page.wait_for("document.querySelector('.trials tbody tr')");
    page
}

fn count(page: &Page, selector: &str) -> u64 {
    let expression = format!("document.querySelectorAll('{selector}').length");
    page.evaluate(&expression).as_u64().unwrap()
}

#[test]
fn a_report_opens_offline_and_has_its_verdict_first() {
    let run = searched();
    let file = run.folder.path().join("search.html");
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{error}: {}", run.said()));
    assert!(!text.contains("geheim"), "no secret is told");
    let page = open(&file, 1280);
    let trials = count(&page, ".trials tbody tr");
    let stored = run.text("search.jsonl");
    let stored = stored.lines().filter(|line| line.contains("\"kind\":")).count() as u64;
    assert_eq!(trials, stored, "{}", run.said());
    let first = "document.querySelector('main').firstElementChild.id";
    assert_eq!(page.evaluate(first), "verdict");
    let headline = page.evaluate("document.querySelector('.headline').textContent");
    assert!(headline.as_str().unwrap().len() > 20, "{headline}");
    // Each trial is a mark in the throughput's chart and in the course of the search.
    for chart in ["#throughput", "#course"] {
        let marks = count(&page, &format!("{chart} .trial-mark"));
        assert!(marks > 0 && marks <= trials, "{chart}: {marks} marks of {trials} trials");
    }
    assert!(count(&page, "#latency .rule.objective") == 1, "the objective is a line");
    assert!(count(&page, "#conditions dt") > 4);
    assert_eq!(page.errors(), Vec::<String>::new());
    let mut requests = page.requests();
    requests.retain(|url| !url.starts_with("data:"));
    assert_eq!(requests.len(), 1, "it asks for nothing: {requests:?}");
}

#[test]
fn trials_are_chosen_by_keys_in_all_charts_at_once() {
    let page = open(&searched().folder.path().join("search.html"), 1280);
    page.press("ArrowRight");
    page.wait_for("document.querySelector('#trial-1.chosen')");
    assert_eq!(count(&page, "#course .ring"), 1);
    let said = page.evaluate("document.querySelector('#said').textContent");
    assert!(said.as_str().unwrap().starts_with("1: bracket at "), "{said}");
    page.press("Escape");
    page.wait_for("!document.querySelector('.chosen')");
    page.press("t");
    page.wait_for("document.documentElement.dataset.theme === 'light'");
    page.press("t");
    page.wait_for("document.documentElement.dataset.theme === 'dark'");
}

#[test]
fn a_narrow_screen_needs_no_scrolling_sideways() {
    let page = open(&searched().folder.path().join("search.html"), 390);
    let width = page.evaluate("document.documentElement.scrollWidth").as_u64().unwrap();
    let window = page.evaluate("innerWidth").as_u64().unwrap();
    assert!(width <= window, "{width} of {window}");
}

#[test]
fn a_stored_search_is_told_again() {
    let run = searched();
    let state = run.folder.path().join("search.jsonl");
    let folder = tempfile::tempdir().unwrap();
    let retold = |arguments: &[&str]| {
        let mut command = command(Tool::Plimsoll, folder.path());
        command.arg("report").args(arguments).arg(&state);
        finish(command, tempfile::tempdir().unwrap(), None)
    };
    let markdown = retold(&["--md"]);
    let head = |text: &str| text.lines().take(3).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(head(&markdown.stdout), head(&run.text("search.md")), "{}", markdown.said());
    let text = retold(&[]);
    assert_eq!(text.stdout, run.stdout, "{}", text.said());
    let html = retold(&["--html", "--output", "again.html"]);
    assert_eq!(html.code, Some(0), "{}", html.said());
    let page = open(&folder.path().join("again.html"), 1280);
    assert!(count(&page, ".trials tbody tr") > 0);
}

/// A search whose page is open.
struct Live {
    child: Child,
    _folder: tempfile::TempDir,
    url: String,
}

impl Live {
    fn start(web: &Web) -> Live {
        let folder = tempfile::tempdir().unwrap();
        let said = folder.path().join("said");
        let mut command = searching(web, folder.path(), "10s");
        command.args(["--dashboard=0", "--linger"]).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(File::create(&said).unwrap());
        let child = command.spawn().unwrap();
        let url = || {
            sleep(Duration::from_millis(50));
            let said = fs::read_to_string(&said).unwrap();
            let (_, rest) = said.split_once("the search is on ")?;
            Some(rest.split_once('\n')?.0.to_owned())
        };
        let url = (0..LOOKS).find_map(|_| url()).expect("it says where the page is");
        Live { child, _folder: folder, url }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // Nothing stays behind when a test fails.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[test]
fn a_page_follows_a_search_to_its_verdict() {
    let web = Web::start_with(&["--pool", "2"]);
    let mut live = Live::start(&web);
    let page = Page::open(&live.url, 1280, 900);
    page.wait_for("document.querySelector('#progress:not([hidden])')");
    page.wait_for("document.querySelector('.trials tbody tr')");
    let is_over = "document.querySelector('#progress').hidden";
    let over = (0..LOOKS).any(|_| {
        sleep(Duration::from_millis(50));
        page.evaluate(is_over) == true
    });
    assert!(over, "{}", page.evaluate("document.body.innerText"));
    let label = page.evaluate("document.querySelector('#state').textContent");
    assert_ne!(label, "searching");
    assert_eq!(page.errors(), Vec::<String>::new());
    signal(&live.child, Signal::SIGINT);
    assert!(live.child.wait().unwrap().code().is_some());
}
