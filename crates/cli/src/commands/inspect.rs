//! `plimsoll inspect`: the options of a script, as JSON on standard output.

use plimsoll_engine::plan::Plan;
use plimsoll_script::options::{Source, View, consolidate, go_pretty, merge};
use serde_json::json;

use crate::{
    Session,
    args::InspectArgs,
    exit::Failure,
    load::{self, Request},
    report,
};

/// Prints the script's own options, or with `--execution-requirements` the consolidated ones and
/// what their plan needs.
pub(crate) fn inspect(args: &InspectArgs, session: &Session) -> Result<(), Failure> {
    let log = session.log;
    let request = Request {
        file: &args.file,
        text: None,
        runtime: &args.runtime,
        options: None,
        config: session.global.config.as_deref(),
        system_env: false,
    };
    let loaded = load::load(&request, log)?;
    let shown = if args.execution_requirements {
        let consolidated = consolidate(loaded.layers).map_err(Failure::from)?;
        load::warn(log, &consolidated.warnings);
        report::trend_stats(&consolidated.options)?;
        let plan = Plan::new(&consolidated.config);
        let mut value = consolidated.options.to_json(View::Inspect);
        if let Some(map) = value.as_object_mut() {
            let duration = plan.max_duration.map(plimsoll_runtime::duration::go_string);
            map.insert("totalDuration".into(), json!(duration.unwrap_or("infinite".into())));
            map.insert("maxVUs".into(), json!(plan.max_vus));
        }
        value
    } else {
        let own = loaded.layers.into_iter().filter(|layer| layer.source == Source::Script);
        merge(own).to_json(View::Inspect)
    };
    crate::terminal::print(&format!("{}\n", go_pretty(&shown)))
}
