//! Pages of a run: the live dashboard and reports, by flags and by what users of k6 write for theirs.

use std::path::PathBuf;

use plimsoll_metrics::record::Header;
use plimsoll_outputs::{
    OutputError,
    report_page::{self, ReportOutput},
    view::{
        RunMeta,
        live::{self, Address, Dashboard},
    },
};

use crate::{
    args::address,
    exit::{Exit, Failure},
    setup::Setup,
};

/// What `--out` calls k6's dashboard.
const KIND: &str = "web-dashboard";

pub(crate) struct Pages {
    pub(crate) dashboard: Option<Dashboard>,
    pub(crate) reports: Vec<ReportOutput>,
}

impl Pages {
    pub(crate) fn open(setup: &Setup, header: &Header) -> Result<Pages, Failure> {
        let meta = RunMeta::new("run", header);
        let flags = setup.see;
        let (mut paths, mut address) = (flags.report.clone(), flags.dashboard);
        let k6 = K6Dashboard::of(setup.out, |name| setup.env.get(name).cloned())?;
        if let Some(k6) = k6 {
            paths.extend(k6.export);
            address = address.or(Some(k6.address));
        }
        let report = |path: PathBuf| {
            report_page::start(&path, meta.clone(), setup.registry.clone()).map_err(|error| {
                Failure::new(Exit::Other, error.message)
                    .with_hint("name a file .html or .md in a folder that exists")
            })
        };
        let reports = paths.into_iter().map(report).collect::<Result<_, _>>()?;
        let serve = |address| live::start(address, meta.clone(), setup.registry.clone(), setup.log);
        let failed = |error: OutputError| {
            Failure::new(Exit::Other, format!("--dashboard: {}", error.message))
                .with_hint("name another port, --dashboard=8000, or any free one, --dashboard=0")
        };
        let dashboard = address.map(serve).transpose().map_err(failed)?;
        if let Some(dashboard) = dashboard.as_ref().filter(|it| it.server().is_public()) {
            let address = dashboard.server().address();
            setup.log.warn(&format!("whoever reaches {address} can see the dashboard"));
        }
        Ok(Pages { dashboard, reports })
    }
}

/// Whether a text of `--out` is about k6's dashboard, which is opened here and not among the outputs.
pub(crate) fn is_page(out: &str) -> bool {
    out.strip_prefix(KIND).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
}

/// What users of k6 ask for with `K6_WEB_DASHBOARD` and its kin, or `--out web-dashboard`.
#[derive(Debug, Default, PartialEq)]
struct K6Dashboard {
    address: Address,
    export: Option<PathBuf>,
}

impl K6Dashboard {
    /// Settings behind `--out web-dashboard=` count more than variables.
    fn of(
        out: &[String],
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<K6Dashboard>, Failure> {
        let get = |name| variable(name).filter(|text| !text.is_empty());
        let asked = out.iter().find(|text| is_page(text));
        if asked.is_none() && get("K6_WEB_DASHBOARD").is_none_or(|text| text != "true") {
            return Ok(None);
        }
        let mut host = get("K6_WEB_DASHBOARD_HOST");
        let mut port = get("K6_WEB_DASHBOARD_PORT");
        let mut export = get("K6_WEB_DASHBOARD_EXPORT");
        let settings = asked.and_then(|text| text.split_once('=')).map_or("", |(_, rest)| rest);
        for setting in settings.split('&').filter(|setting| !setting.is_empty()) {
            let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
            let place = match name {
                "host" => &mut host,
                "port" => &mut port,
                "export" => &mut export,
                _ => {
                    let message = format!("--out {KIND}: the setting {name:?} is not supported");
                    return Err(Failure::new(Exit::BadConfiguration, message)
                        .with_hint("there are host, port and export"));
                }
            };
            *place = Some(value.to_owned()).filter(|value| !value.is_empty());
        }
        let given = |text: &str| {
            let bad = |why| format!("host or port of the dashboard, {text:?}: {why}");
            let address = address(text).map_err(bad).map(Address::Given);
            address.map_err(|message| Failure::new(Exit::BadConfiguration, message))
        };
        let address = match (host, port) {
            (None, None) => Address::Default,
            (Some(host), Some(port)) => given(&format!("{host}:{port}"))?,
            (Some(one), None) | (None, Some(one)) => given(&one)?,
        };
        Ok(Some(K6Dashboard { address, export: export.map(PathBuf::from) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Ok(None)`: no dashboard; else its address and the file of its report.
    #[track_caller]
    fn check(out: &[&str], variables: &[(&str, &str)], expected: Option<(&str, Option<&str>)>) {
        let get = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let out: Vec<String> = out.iter().map(|&text| text.to_owned()).collect();
        let found = K6Dashboard::of(&out, get).unwrap().map(|k6| {
            let address = match k6.address {
                Address::Default => "default".to_owned(),
                Address::Given(address) => address.to_string(),
            };
            (address, k6.export.map(|path| path.display().to_string()))
        });
        let expected =
            expected.map(|(address, export)| (address.to_owned(), export.map(str::to_owned)));
        assert_eq!(found, expected, "{out:?} {variables:?}");
    }

    #[test]
    fn variables_of_k6() {
        check(&[], &[], None);
        check(&[], &[("K6_WEB_DASHBOARD", "false"), ("K6_WEB_DASHBOARD_PORT", "1")], None);
        let on = ("K6_WEB_DASHBOARD", "true");
        check(&[], &[on], Some(("default", None)));
        check(&[], &[on, ("K6_WEB_DASHBOARD_PORT", "81")], Some(("127.0.0.1:81", None)));
        let host = ("K6_WEB_DASHBOARD_HOST", "0.0.0.0");
        check(&[], &[on, host], Some(("0.0.0.0:5665", None)));
        check(&[], &[on, host, ("K6_WEB_DASHBOARD_PORT", "81")], Some(("0.0.0.0:81", None)));
        let export = ("K6_WEB_DASHBOARD_EXPORT", "r.html");
        check(&[], &[on, export], Some(("default", Some("r.html"))));
    }

    #[test]
    fn the_output_of_k6() {
        let port = ("K6_WEB_DASHBOARD_PORT", "81");
        check(&["json", "web-dashboard"], &[], Some(("default", None)));
        check(
            &["web-dashboard=port=82&export=r.html"],
            &[port],
            Some(("127.0.0.1:82", Some("r.html"))),
        );
        check(&["web-dashboards"], &[port], None);
        let wrong = |text: &str| K6Dashboard::of(&[text.to_owned()], |_| None).unwrap_err().message;
        assert!(wrong("web-dashboard=period=1s").contains("\"period\" is not supported"));
        assert!(wrong("web-dashboard=host=example.com").contains("example.com"));
    }
}
