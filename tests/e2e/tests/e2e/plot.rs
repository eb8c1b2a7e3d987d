//! `plimsoll plot`, and its page in a real browser.

use std::{fmt::Write, path::Path};

use plimsoll_e2e::{Run, Tool, browser::Page, command, finish};

/// The second of the minute at which they start.
const START: u64 = 20;

/// Twenty seconds at 100/s as vegeta writes them, `stall` seconds of which stand still from second 8 on.
fn results(name: &str, base_ms: f64, stall: f64) -> String {
    let mut lines = String::new();
    for seq in 0..2_000u32 {
        let at = f64::from(seq) / 100.0;
        let wait_ms = if (8.0..8.0 + stall).contains(&at) { (8.0 + stall - at) * 1e3 } else { 0.0 };
        let service_ms = base_ms * (1.0 + f64::from(seq * 7_919 % 97) / 50.0);
        let code = if stall > 0.0 && seq % 500 == 0 { 500 } else { 200 };
        let (seconds, millis) = (u64::from(seq) / 100, u64::from(seq) % 100 * 10);
        let (latency, lateness) = (((wait_ms + service_ms) * 1e6) as u64, (wait_ms * 1e6) as u64);
        writeln!(
            lines,
            "{{\"attack\":\"{name}\",\"seq\":{seq},\"code\":{code},\
             \"timestamp\":\"2025-10-09T08:53:{:02}.{millis:03}Z\",\"latency\":{latency},\
             \"lateness\":{lateness},\"bytes_out\":0,\"bytes_in\":20,\"error\":\"\",\"body\":\"\",\
             \"method\":\"GET\",\"url\":\"http://127.0.0.1/\",\"headers\":null}}",
            START + seconds
        )
        .unwrap();
    }
    lines
}

fn plot(files: &[(&str, String)], arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let mut command = command(Tool::Plimsoll, folder.path());
    command.arg("plot").args(arguments).args(files.iter().map(|(name, _)| name));
    finish(command, folder, Some(""))
}

fn open(run: &Run, file: &str) -> Page {
    assert_eq!(run.code, Some(0), "{}", run.said());
    let path = run.folder.path().join(file);
    Page::open(&format!("file://{}", path.display()), 1240, 1160)
}

/// Keeps a picture where people can find it, if asked to.
fn keep(page: &Page, name: &str) {
    if let Some(folder) = std::env::var_os("PLIMSOLL_SCREENSHOTS") {
        page.screenshot(&Path::new(&folder).join(name));
    }
}

#[test]
fn two_runs_are_laid_over_each_other() {
    let files =
        [("before.json", results("before", 6.0, 2.0)), ("after.json", results("after", 3.0, 0.0))];
    let run = plot(&files, &["-title=Checkout <1>", "-objective=200ms", "-output=page.html"]);
    let page = open(&run, "page.html");
    assert_eq!(page.evaluate("document.title"), "Checkout <1>");
    let rows = page.evaluate("[...document.querySelectorAll('#runs tbody tr')].map(r => r.innerText.replace(/\\s+/g, ' '))");
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert!(rows[0].as_str().unwrap().starts_with("before 2,000 100/s 99.80 %"), "{}", rows[0]);
    assert!(rows[0].as_str().unwrap().contains("2.0"), "the stall is the maximum: {}", rows[0]);
    assert!(rows[1].as_str().unwrap().starts_with("after 2,000 100/s 100.00 %"), "{}", rows[1]);
    keep(&page, "plot.png");

    // A drag over the stall zooms both charts over time, Escape goes back.
    let is_whole = "document.querySelector('#reset').disabled";
    assert_eq!(page.evaluate(is_whole), true);
    page.drag("#latency .u-over", 0.4, 0.5);
    page.wait_for(&format!("!{is_whole}"));
    keep(&page, "plot-zoomed.png");
    page.press("Escape");
    page.wait_for(is_whole);

    // Single responses, dark, one run hidden, the values under the mouse.
    page.click("#view [data-value=responses]");
    page.click("#theme");
    page.click("#runs tbody tr:first-child input");
    page.hover("#rate .u-over", 0.5, 0.5);
    page.wait_for("document.querySelector('#rate .tip:not([hidden])')");
    let tip = page.evaluate("document.querySelector('#rate .tip').innerText");
    assert!(tip.as_str().unwrap().contains("after requests"), "{tip}");
    assert!(!tip.as_str().unwrap().contains("before"), "{tip}");
    keep(&page, "plot-dark.png");

    assert_eq!(page.errors(), Vec::<String>::new());
    assert_eq!(page.requests().len(), 1, "only the page itself: {:?}", page.requests());
}

#[test]
fn nothing_is_a_page_too() {
    let run = plot(&[("none.json", String::new())], &["-output=page.html"]);
    assert!(run.stderr.contains("there are no requests"), "{}", run.said());
    let page = open(&run, "page.html");
    assert_eq!(page.errors(), Vec::<String>::new());
}

#[test]
fn standard_output_has_names() {
    for name in ["-", "stdout"] {
        let run = plot(&[("a.json", results("a", 1.0, 0.0))], &[&format!("-output={name}")]);
        assert_eq!(run.code, Some(0), "{}", run.said());
        assert!(run.stdout.starts_with("<!doctype html>"), "{name}");
        assert!(!run.folder.path().join(name).exists());
    }
}

#[test]
fn bad_input_is_named() {
    let run = plot(&[("a.txt", "no results".to_owned())], &["-output=page.html"]);
    assert_ne!(run.code, Some(0));
    assert!(run.stderr.contains("a.txt"), "{}", run.said());
    let run = plot(&[], &["-objective=soon", "-output=page.html"]);
    assert!(run.stderr.contains("-objective=soon"), "{}", run.said());
    let run = plot(&[], &["-output=/nowhere/page.html"]);
    assert!(run.stderr.contains("/nowhere/page.html"), "{}", run.said());
}
