//! The law of the books: every iteration that was scheduled is completed, interrupted or dropped.

use std::time::Duration;

use plimsoll_engine::config::Executor;
use proptest::prelude::*;

use crate::fake::{Act, MS, Test, scenario};

/// An executor with the number of iterations that it schedules.
fn executor(kind: u8, vus: u64, load: u64) -> (Executor, u64) {
    let max_duration = 30 * MS;
    match kind {
        0 => {
            let iterations = vus + load;
            (Executor::SharedIterations { vus, iterations, max_duration }, iterations)
        }
        1 => (Executor::PerVuIterations { vus, iterations: load, max_duration }, vus * load),
        _ => {
            let executor = Executor::ConstantArrivalRate {
                rate: load,
                time_unit: 30 * MS,
                duration: 30 * MS,
                pre_allocated_vus: vus,
                max_vus: vus + 2,
            };
            (executor, load)
        }
    }
}

fn act(vu: u64, iteration: u64, seed: u64) -> Act {
    match (vu * 31 + iteration * 17 + seed) % 7 {
        0 => Act::Wait,
        1 | 2 => Act::Sleep(Duration::ZERO),
        n => Act::Sleep(u32::try_from(n).unwrap() * MS),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn nothing_scheduled_is_lost(
        kinds in proptest::collection::vec((0_u8..3, 1_u64..6, 1_u64..60), 1..4),
        workers in 1_usize..4,
        seed in 0_u64..1000,
    ) {
        let mut scheduled = 0;
        let scenarios = kinds.iter().enumerate().map(|(index, (kind, vus, load))| {
            let (executor, count) = executor(*kind, *vus, *load);
            scheduled += count;
            let mut scenario = scenario(&format!("s{index}"), executor);
            scenario.graceful_stop = 5 * MS;
            scenario.start_time = (seed % 3) as u32 * 10 * MS;
            scenario
        });
        let mut test = Test::new(scenarios.collect(), Act::Wait);
        test.config.workers = workers;
        test.act = Box::new(move |i, vu| act(vu.in_instance, i.in_instance, seed));
        let ended = test.run();
        prop_assert_eq!(ended.check().iter().sum::<u64>(), scheduled);
        let made = ended.log.made.lock().unwrap().len() as u64;
        let mut ids = ended.log.made.lock().unwrap().clone();
        ids.sort_unstable();
        prop_assert_eq!(ids, (1..=made).collect::<Vec<_>>());
        ended.vus();
    }
}
