//! The summary of k6 1.x: thresholds, totals, and in full mode every group and scenario.

use plimsoll_metrics::{Builtin, Contains, totals::Entry};

use super::{
    Mode, NO_WINDOW, SummaryInput,
    checks::{self, Check},
    metrics::{self, Heading},
    parts::{DEFAULT_SCENARIO, PartGroup, Parts},
    style::Style,
    table::{Layout, Row, Table},
    values::{Scale, percent},
};

/// What is shown below one title.
struct Section<'a> {
    checks: &'a [Check],
    entries: Vec<&'a Entry>,
    /// With their own titles, one level in.
    groups: &'a [PartGroup],
}

struct Writer<'a> {
    input: &'a SummaryInput<'a>,
    scale: Scale<'a>,
    style: Style,
}

pub(super) fn render(input: &SummaryInput) -> String {
    let style = Style { color: input.color };
    let scale =
        Scale { duration: input.duration, unit: input.time_unit, trend_stats: input.trend_stats };
    let writer = Writer { input, scale, style };
    let totals = input.totals;
    let mut text = "\n\n".to_owned();

    let thresholds = writer.thresholds();
    if !thresholds.is_empty() {
        text.push_str(&writer.block("THRESHOLDS", &thresholds));
    }
    let total =
        Section { checks: &checks::list(totals), entries: metrics::shown(totals), groups: &[] };
    text.push_str(&writer.block("TOTAL RESULTS", &writer.section(&total, 0)));
    if let (Mode::Full, Some(parts)) = (input.mode, input.parts) {
        text.push_str(&writer.parts(parts));
    }
    text.push('\n');
    text
}

impl Writer<'_> {
    fn block(&self, title: &str, body: &str) -> String {
        format!("  █ {} \n{body}\n\n", self.style.bold(title))
    }

    fn thresholds(&self) -> String {
        let mut entries: Vec<&Entry> = self
            .input
            .totals
            .entries()
            .iter()
            .filter(|entry| !entry.thresholds.is_empty())
            .collect();
        metrics::sort(&mut entries);
        let mut text = String::new();
        for entry in &entries {
            let has_own = entries.iter().any(|other| *other.name == *entry.metric.name);
            // Below the thresholds of the metric itself, where there are some.
            let (indent, name) = match metrics::suffix(entry) {
                Some(suffix) if has_own => ("      ", format!("{{{suffix}}}")),
                _ => ("    ", entry.name.clone()),
            };
            text.push_str(&format!("\n{indent}{name}\n"));
            for state in &entry.thresholds {
                let source = state.threshold.source.trim();
                let mark = self.style.mark(!state.last_failed);
                let quoted = self.style.white(&format!("'{source}'"));
                if metrics::is_missing(entry) {
                    text.push_str(&format!("{indent}{mark} {quoted} nothing was recorded\n"));
                    continue;
                }
                let Some((name, value)) = self.scale.judged(state, entry) else {
                    text.push_str(&format!("{indent}{mark} {quoted} {NO_WINDOW}\n"));
                    continue;
                };
                let (name, value) = (self.style.white(&name), self.style.cyan(&value));
                text.push_str(&format!("{indent}{mark} {quoted} {name}={value}\n"));
            }
        }
        text
    }

    fn section(&self, section: &Section, level: usize) -> String {
        let indent = "  ".repeat(level + 2);
        // A threshold alone makes the metric of the checks.
        let is_checks = |entry: &&Entry| entry.metric.id == Builtin::Checks.id();
        let has_checks = !section.checks.is_empty() || section.entries.iter().any(is_checks);
        let mut text = if has_checks { self.checks(section.checks, level) } else { String::new() };
        let full = self.input.mode == Mode::Full;
        let rows: Vec<(Heading, Row)> = section
            .entries
            .iter()
            .filter_map(|entry| {
                let heading = Heading::of(&entry.metric.name, full)?;
                Some((heading, Row::new(entry, &self.scale)))
            })
            .collect();
        let table = Table::new(
            rows.iter().map(|(_, row)| row),
            self.input.trend_stats,
            self.style,
            Layout::Modern,
        );
        for heading in Heading::ALL {
            let mut rows = rows.iter().filter(|(of, _)| *of == heading).peekable();
            if rows.peek().is_some() {
                text.push_str(&format!("\n{indent}{}\n", self.style.bold(heading.title())));
            }
            for (_, row) in rows {
                let sub = if row.is_sub { "  " } else { "" };
                text.push_str(&format!("{indent}{sub}{}\n", table.label_and_values(row)));
            }
        }
        for group in section.groups {
            let title = self.style.bold(&format!("GROUP: {}", group.name));
            let body = self.section(&Section::of_group(group), level + 1);
            text.push_str(&format!("\n{indent}↳ {title} \n{body}"));
        }
        text
    }

    /// The groups of the default scenario, then every other scenario with its groups.
    fn parts(&self, parts: &Parts) -> String {
        let mut text = String::new();
        for group in parts.groups(|scenario| scenario.is_none_or(|name| name == DEFAULT_SCENARIO)) {
            let body = self.section(&Section::of_group(&group), 0);
            text.push_str(&self.block(&format!("GROUP: {}", group.name), &body));
        }
        for scenario in parts.scenarios().filter(|name| *name != DEFAULT_SCENARIO) {
            let part = parts.scenario(scenario);
            let body = self.section(&Section::of_group(&part), 0);
            text.push_str(&self.block(&format!("SCENARIO: {scenario}"), &body));
        }
        text
    }

    fn checks(&self, checks: &[Check], level: usize) -> String {
        let indent = "  ".repeat(level + 2);
        let passes: u64 = checks.iter().map(|check| check.passes).sum();
        let fails: u64 = checks.iter().map(|check| check.fails).sum();
        let all = passes + fails;
        let rate =
            format!("{}/s", self.scale.text(self.scale.per_second(all as f64), Contains::Default));
        let share = |part: u64| (percent(part, all), format!("{part} out of {all}"));
        // k6 divides by none, too.
        let failed = if all == 0 { ("NaN%".to_owned(), share(fails).1) } else { share(fails) };
        let rows = [
            Row::named("checks_total", (all.to_string(), rate)),
            Row::named("checks_succeeded", share(passes)),
            Row::named("checks_failed", failed),
        ];
        let table = Table::new(&rows, &[], self.style, Layout::Modern);
        let mut text = "\n".to_owned();
        for row in &rows {
            text.push_str(&format!("{indent}{}\n", table.label_and_values(row)));
        }
        text.push('\n');
        for Check { name, passes, fails } in checks {
            if *fails == 0 {
                text.push_str(&format!("{indent}{}\n", self.style.green(&format!("✓ {name}"))));
                continue;
            }
            let share = passes * 100 / (passes + fails);
            let detail = self.style.red(&format!("↳  {share}% — ✓ {passes} / ✗ {fails}"));
            // One step more than it takes to stand below the name, as k6 has it.
            let deeper = "  ".repeat(level + 1);
            text.push_str(&format!("{indent}{}\n", self.style.red(&format!("✗ {name}"))));
            text.push_str(&format!("{indent}{deeper}{detail}\n"));
        }
        text
    }
}

impl<'a> Section<'a> {
    fn of_group(group: &'a PartGroup) -> Section<'a> {
        let mut entries: Vec<&Entry> = group.entries.iter().collect();
        metrics::sort(&mut entries);
        Section { checks: &group.checks, entries, groups: &group.groups }
    }
}
