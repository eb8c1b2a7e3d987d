//! The same figures in characters, as SVG and on a page.

use super::{
    axis::{Axis, short},
    *,
};

fn picture() -> Picture {
    let law = |n: f64| 100.0 * n / (1.0 + 0.05 * (n - 1.0) + 0.004 * n * (n - 1.0));
    let points = (1..=64).map(|n| (f64::from(n), law(f64::from(n)))).collect();
    let dots = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
    let dot = |n: f64| Dot { n, throughput: law(n), counts: n < 64.0 };
    Picture {
        title: "a <b>".to_owned(),
        x: "connections".to_owned(),
        y: "requests/s".to_owned(),
        dots: dots.map(dot).to_vec(),
        curves: vec![Curve { name: "scalability law".to_owned(), points }],
        peak: Some(Summit { n: 15.4, low: 12.0, high: 20.0, throughput: law(15.4) }),
    }
}

#[test]
fn axes_have_round_numbers() {
    let check = |most, count, expected: &[f64]| {
        assert_eq!(Axis::new(most, count, false).ticks, expected, "{most}");
    };
    check(100.0, 4.0, &[0.0, 25.0, 50.0, 75.0, 100.0]);
    check(7.3, 4.0, &[0.0, 2.0, 4.0, 6.0, 8.0]);
    check(1830.0, 5.0, &[0.0, 500.0, 1000.0, 1500.0, 2000.0]);
    check(1.0, 5.0, &[0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
    let words = [0.0, 0.25, 12.5, 1500.0, 12_500.0, 2e6].map(short);
    assert_eq!(words, ["0", "0.25", "12.5", "1500", "12.5k", "2M"]);
}

#[test]
fn characters_fit_their_width() {
    for width in [40, 80, 200] {
        let text = picture().text(width, false);
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= width && widest > width.min(100) - 8, "{width}:\n{text}");
        assert!(!text.contains('\x1b'), "no escape sequences in a pipe");
        assert!(text.matches('●').count() >= 5, "{text}");
        assert_eq!(text.matches('×').count(), 2, "the run and the legend: {text}");
        assert!(text.contains("connections") && text.contains("scalability law"), "{text}");
    }
    assert!(picture().text(80, true).contains("\x1b[36m"));
    assert!(Picture::default().text(10, false).contains('└'), "nothing is a picture too");
}

#[test]
fn the_curve_has_its_peak_where_it_is() {
    let text = picture().text(84, false);
    let lines: Vec<&str> = text.lines().skip(1).collect();
    let top = lines.iter().find(|line| line.chars().any(|c| c > '\u{2800}' || c == '●')).unwrap();
    let place = top.chars().position(|c| ('\u{2801}'..='\u{28ff}').contains(&c) || c == '●');
    // The 16th of 64 connections is a quarter of the way.
    assert!((10..35).contains(&place.unwrap()), "{text}");
}

#[test]
fn svg_is_well_formed_and_names_nobody() {
    let svg = picture().svg();
    assert_eq!(svg.matches("<circle").count(), 6);
    assert_eq!(svg.matches("<path").count(), 1, "what was left out");
    assert!(svg.contains("peak at 15") && svg.contains("a &lt;b&gt;"), "{svg}");
    assert!(svg.contains("prefers-color-scheme:dark"));
    let foreign = svg.replace("http://www.w3.org/2000/svg", "");
    assert!(!foreign.contains("://") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    let empty = Picture::default().svg();
    assert!(!empty.contains("NaN") && !empty.contains("inf"), "{empty}");
}

#[test]
fn a_page_has_all_of_it_and_asks_nobody() {
    let table = |cell: &str| Table {
        head: vec!["head".to_owned()],
        rows: vec![vec![cell.to_owned()], vec!["left".to_owned()]],
        left_out: vec![1],
    };
    let page = Page {
        title: "scale of <x>".to_owned(),
        verdict: "peak".to_owned(),
        sentences: vec!["one & two".to_owned()],
        picture: picture(),
        parameters: table("gamma"),
        sizes: table("64"),
        busiest: table("1 node"),
        runs: table("first"),
        notes: vec!["noted".to_owned()],
        tone: Tone::Warn,
        ..Page::default()
    };
    let html = page.html();
    for expected in [
        "<title>scale of &lt;x&gt;</title>",
        "verdict warn",
        "<p>one &amp; two</p>",
        "<td>gamma</td>",
        "<h2>What was busiest</h2>",
        "<td>1 node</td>",
        "<tr class=\"out\"><td>left</td>",
        "<li>noted</li>",
        "<polyline",
    ] {
        assert!(html.contains(expected), "{expected}: {html}");
    }
    assert!(!html.contains("{{") && !html.contains("<script"), "{html}");
    assert!(!html.replace("http://www.w3.org/2000/svg", "").contains("://"));
    let quiet = Page { notes: Vec::new(), busiest: Table::default(), ..page }.html();
    assert!(!quiet.contains("Notes") && !quiet.contains("busiest"));
}

#[test]
fn files_are_written_when_they_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.svg");
    let file = File::open("--svg", &path).unwrap();
    assert!(!path.exists());
    file.write("<svg/>").unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "<svg/>");
    let error = File::open("--svg", &folder.path().join("none/a.svg")).err().unwrap();
    assert!(error.message.starts_with("--svg ") && error.message.contains("no folder"), "{error}");
}
