//! What a run prints before it starts.

/// What is known before the start.
#[derive(Clone, Debug, PartialEq)]
pub struct Banner {
    /// `plimsoll 0.1.0`
    pub program: String,
    /// As given on the command line.
    pub script: String,
    /// Where the run can be seen.
    pub dashboard: Option<String>,
    /// [`crate::Output::describe`] of each; none is printed as `-`.
    pub outputs: Vec<String>,
    /// All scenarios in short: `(100.00%) 1 scenario, 30 max VUs, 40s max duration (incl. graceful stop)`.
    pub headline: String,
    /// Name and plan of each, in the order in which they start.
    pub scenarios: Vec<(String, String)>,
}

/// The block before a run, with an empty line around it.
pub fn banner(banner: &Banner, color: bool) -> String {
    let cyan = |text: &str| if color { format!("\x1b[36m{text}\x1b[0m") } else { text.to_owned() };
    let outputs =
        if banner.outputs.is_empty() { "-".to_owned() } else { banner.outputs.join(", ") };
    let mut text = format!("\n  {}\n\n", banner.program);
    text.push_str(&format!("     execution: {}\n", cyan("local")));
    text.push_str(&format!("        script: {}\n", cyan(&banner.script)));
    if let Some(url) = &banner.dashboard {
        // As k6 aligns and calls it.
        text.push_str(&format!(" web dashboard: {}\n", cyan(url)));
    }
    text.push_str(&format!("        output: {}\n\n", cyan(&outputs)));
    text.push_str(&format!("     scenarios: {}\n", cyan(&format!("{}:", banner.headline))));
    for (name, plan) in &banner.scenarios {
        text.push_str(&format!("              * {name}: {plan}\n"));
    }
    text.push('\n');
    text
}
