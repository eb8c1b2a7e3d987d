//! One line per scenario: name, status, bar and figures, in columns.

use super::{ScenarioView, Status};

/// Characters that a name takes at least.
const NARROWEST_NAME: usize = 4;

/// Characters of a name; longer ones are cut.
const NAME_LIMIT: usize = 30;

/// Characters inside of a bar's brackets when there is room.
const WIDEST_BAR: usize = 38;

/// A bar that is not wider than this is written as a percentage, which takes as much.
const PERCENT_WIDTH: usize = 6;

/// The lines of all scenarios.
pub(super) fn rows(scenarios: &[ScenarioView], width: Option<usize>, color: bool) -> Vec<String> {
    let names: Vec<String> = scenarios.iter().map(|scenario| cut(&scenario.name)).collect();
    let name_width = names.iter().map(|name| name.chars().count()).fold(NARROWEST_NAME, usize::max);
    let figures = aligned(scenarios);
    let figures_width = figures.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    // Name, blank, mark, blank, two brackets, blank; and the last column stays free.
    let others = name_width + figures_width + " ✓ [] ".chars().count() + 1;
    let bar_width = width
        .map(|width| width.saturating_sub(others).min(WIDEST_BAR))
        .filter(|bar| *bar > PERCENT_WIDTH);

    let lines = scenarios.iter().zip(names).zip(figures);
    lines
        .map(|((scenario, name), figures)| {
            let bar = match bar_width {
                Some(bar_width) => bar(scenario.progress, bar_width, color),
                None => format!(" {:3.0}% ", scenario.progress.clamp(0.0, 1.0) * 100.0),
            };
            format!("{name:name_width$} {} [{bar}] {figures}", mark(scenario.status, color))
        })
        .collect()
}

fn cut(name: &str) -> String {
    if name.chars().count() <= NAME_LIMIT {
        return name.to_owned();
    }
    name.chars().take(NAME_LIMIT - 3).chain("...".chars()).collect()
}

fn mark(status: Status, color: bool) -> String {
    let (codes, mark) = match status {
        Status::Running => return " ".to_owned(),
        Status::Stopping => return "↓".to_owned(),
        Status::Waiting => (("\x1b[2m", "\x1b[22m"), "•"),
        Status::Done => (("\x1b[32m", "\x1b[0m"), "✓"),
        Status::Interrupted => (("\x1b[31m", "\x1b[0m"), "✗"),
        Status::Ended => return "■".to_owned(),
    };
    if color { format!("{}{mark}{}", codes.0, codes.1) } else { mark.to_owned() }
}

fn bar(progress: f64, width: usize, color: bool) -> String {
    let progress = progress.clamp(0.0, 1.0);
    let filled = ((width as f64 * progress) as usize).min(width);
    let done = match filled {
        0 => String::new(),
        filled if filled == width => "=".repeat(filled),
        filled => "=".repeat(filled - 1) + ">",
    };
    let rest = "-".repeat(width - filled);
    if color { format!("{done}\x1b[2m{rest}\x1b[22m") } else { done + &rest }
}

/// Columns two blanks apart. As k6 has it, a row with fewer columns than others ends in one blank.
fn aligned(scenarios: &[ScenarioView]) -> Vec<String> {
    let rows: Vec<&Vec<String>> = scenarios.iter().map(|scenario| &scenario.columns).collect();
    let count = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count)
        .map(|at| {
            let column = rows.iter().filter_map(|row| row.get(at));
            column.map(|text| text.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let align = |row: &Vec<String>| {
        let mut line = String::new();
        for (at, (text, &width)) in row.iter().zip(&widths).enumerate() {
            line.push_str(if at == 0 { "" } else { "  " });
            line.push_str(text);
            if at + 1 < count {
                line.push_str(&" ".repeat(width.saturating_sub(text.chars().count())));
            }
        }
        if row.len() < count {
            line.push(' ');
        }
        line
    };
    rows.into_iter().map(align).collect()
}
