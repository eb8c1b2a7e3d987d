//! What a waiting VU costs: memory and start-up CPU, averaged over many, for a given script.
//!
//! `cargo run -p plimsoll-script --example vu_cost -- script.js [count]`; the script's `default`
//! should sleep for longer than the measurement takes.

use std::{cell::Cell, cell::RefCell, error::Error, path::Path, rc::Rc, sync::Arc};

use plimsoll_engine::{
    config::{Executor, Scenario},
    control::Control,
    runner::{Iteration, Runner, ScenarioContext, ScenarioHandle, Vu, VuId},
    worker::Worker,
};
use plimsoll_metrics::{Recorder, Registry, TagSet};
use plimsoll_runtime::{clock::Instant, log::Log, timer, workers};
use plimsoll_script::{
    globals::console::Console,
    lifecycle::{Script, ScriptConfig},
    loader::LoaderConfig,
};
use url::Url;

fn resident_kib() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS")).ok_or("no VmRSS")?;
    Ok(line.split_whitespace().nth(1).ok_or("no value")?.parse()?)
}

fn cpu_ms() -> Result<f64, Box<dyn Error>> {
    // Fields 14 and 15 of the process' status: user and system time in ticks of 10 ms.
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after = stat.rsplit_once(')').ok_or("no name")?.1;
    let ticks: u64 =
        after.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
    Ok(ticks as f64 * 10.0)
}

fn scenario() -> Rc<ScenarioHandle> {
    let duration = std::time::Duration::from_secs(600);
    let scenario = Scenario {
        name: "default".to_string(),
        executor: Executor::ConstantVus { vus: 1, duration },
        start_time: std::time::Duration::ZERO,
        graceful_stop: std::time::Duration::ZERO,
        exec: "default".to_string(),
        env: Default::default(),
        tags: Default::default(),
    };
    let context = ScenarioContext {
        scenario,
        tags: TagSet::from_pairs([("scenario", "default")]),
        started: Instant::now(),
        iterations: Arc::default(),
        progress: Box::new(|_| 0.0),
    };
    Rc::new(ScenarioHandle { context: Arc::new(context) })
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = std::fs::canonicalize(Path::new(&arguments.next().ok_or("which script?")?))?;
    let count: u64 = arguments.next().map_or(Ok(2000), |count| count.parse())?;
    let registry = Registry::new(1000);
    let log = Log::memory();
    let script = Script::load(ScriptConfig {
        entry: Url::from_file_path(&path).map_err(|()| "not a path")?,
        loader: LoaderConfig::default(),
        compatibility: Default::default(),
        env: Default::default(),
        registry: registry.clone(),
        console: Console::Log(log.clone()),
        log,
    })?;
    let (before, cpu_before, started) = (resident_kib()?, cpu_ms()?, Instant::now());
    let measured = workers::block_on(async {
        let recorder = Rc::new(RefCell::new(Recorder::new(registry, false, 0)));
        let worker =
            Rc::new(Worker { index: 0, count: 1, recorder, control: Arc::new(Control::new()) });
        let scenario = scenario();
        let mut vus = Vec::new();
        for number in 1..=count {
            vus.push(script.init_vu(VuId { in_instance: number, in_test: number }, &worker).await?);
        }
        let cpu = cpu_ms().map_err(|error| error.to_string());
        let wall = started.elapsed();
        let mut tasks = Vec::new();
        for mut vu in vus {
            let now = Instant::now();
            let iteration = Iteration {
                scenario: scenario.clone(),
                scheduled: now,
                started: now,
                in_instance: 0,
                in_test: 0,
                deadline: Rc::new(Cell::new(now + std::time::Duration::from_secs(600))),
            };
            tasks.push(tokio::task::spawn_local(async move { vu.iterate(iteration).await }));
        }
        timer::sleep(std::time::Duration::from_millis(500)).await;
        let after = resident_kib().map_err(|error| error.to_string());
        tasks.iter().for_each(|task| task.abort());
        for task in tasks {
            drop(task.await);
        }
        Ok::<_, Box<dyn Error>>((after?, cpu?, wall))
    })?;
    let (after, cpu, wall) = measured?;
    let out = format!(
        "{count} VUs: {:.1} KiB each, {:.2} ms CPU each to start, {:.0} ms in all\n",
        (after - before) as f64 / count as f64,
        (cpu - cpu_before) / count as f64,
        wall.as_secs_f64() * 1e3
    );
    Ok(std::io::Write::write_all(&mut std::io::stdout(), out.as_bytes())?)
}
