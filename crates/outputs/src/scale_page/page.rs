//! The page: verdict first, then the curve, then what both were made from.

use super::{Picture, svg};
use crate::html::{escape, fill};

const TEMPLATE: &str = include_str!("page.html");
const STYLES: [&str; 2] = [include_str!("../view/page/css/tokens.css"), include_str!("page.css")];

const LAW: &str = "The Universal Scalability Law: throughput of N = gamma × N / (1 + contention × (N − 1) + \
                   coherency × N × (N − 1)). Intervals hold the figure with 95 % confidence.";

/// All that stands on it.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub title: String,
    /// What was swept and how, in one line.
    pub about: String,
    pub tone: Tone,
    pub verdict: String,
    pub sentences: Vec<String>,
    pub picture: Picture,
    /// Name, figure, interval, meaning.
    pub parameters: Table,
    pub sizes: Table,
    /// What was in use most at each size, where something was watched.
    pub busiest: Table,
    pub runs: Table,
    /// What keeps the result from being better.
    pub notes: Vec<String>,
    pub footer: String,
}

/// How good the news is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Good,
    Warn,
    Bad,
}

/// Text in rows.
#[derive(Clone, Debug, Default)]
pub struct Table {
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// Rows of what was left out, by their place.
    pub left_out: Vec<usize>,
}

impl Page {
    pub fn html(&self) -> String {
        let mut page = Vec::new();
        let written =
            fill(TEMPLATE, &mut page, |name, out| out.write_all(self.part(name).as_bytes()));
        debug_assert!(written.is_ok(), "nothing fails in memory: {written:?}");
        String::from_utf8_lossy(&page).into_owned()
    }

    fn part(&self, name: &str) -> String {
        match name {
            "title" => escape(&self.title),
            "about" => escape(&self.about),
            "style" => STYLES.join("\n"),
            "tone" => match self.tone {
                Tone::Good => "good",
                Tone::Warn => "warn",
                Tone::Bad => "bad",
            }
            .to_owned(),
            "verdict" => escape(&self.verdict),
            "sentences" => each(&self.sentences, "p"),
            "picture" => svg::part(&self.picture),
            "parameters" => table(&self.parameters, " class=\"named\""),
            "law" => LAW.to_owned(),
            "sizes" => table(&self.sizes, ""),
            "busiest" if self.busiest.rows.is_empty() => String::new(),
            "busiest" => {
                let busiest = table(&self.busiest, " class=\"named\"");
                format!("<section class=\"card\"><h2>What was busiest</h2>{busiest}</section>")
            }
            "runs" => table(&self.runs, ""),
            "notes" if self.notes.is_empty() => String::new(),
            "notes" => {
                let notes = each(&self.notes, "li");
                format!("<section class=\"card\"><h2>Notes</h2><ul>{notes}</ul></section>")
            }
            "footer" => escape(&self.footer),
            other => {
                debug_assert!(false, "the template has no {other}");
                String::new()
            }
        }
    }
}

fn each(texts: &[String], tag: &str) -> String {
    texts.iter().map(|text| format!("<{tag}>{}</{tag}>\n", escape(text))).collect()
}

fn table(table: &Table, class: &str) -> String {
    let row = |tag: &str, cells: &[String]| each(cells, tag);
    let body = table.rows.iter().enumerate().map(|(at, cells)| {
        let class = if table.left_out.contains(&at) { " class=\"out\"" } else { "" };
        format!("<tr{class}>{}</tr>\n", row("td", cells))
    });
    format!(
        "<div class=\"scroll\"><table{class}><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>",
        row("th", &table.head),
        body.collect::<String>()
    )
}
