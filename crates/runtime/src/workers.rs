//! Worker threads: one per core, each with a current-thread tokio runtime and a `LocalSet`.

use std::{
    io,
    sync::Arc,
    thread::{Builder, JoinHandle},
};

use tokio::task::LocalSet;

use crate::{gather, timer};

/// Threads per worker for calls that can only block. The program's own blocking work has its own
/// threads (name look-ups, outputs), so this bounds what a dependency might start.
const BLOCKING_THREADS_MAX: usize = 2;

/// About a thirtieth of a core against one busy thread: enough to keep up with what is urgent.
const GIVE_WAY_NICE: libc::c_int = 15;

/// Runs `main(index)` on `count` threads, each inside its own current-thread runtime and `LocalSet`,
/// and returns handles to join. The futures need not be `Send`: they are made on their thread.
///
/// # Errors
/// When a runtime, its timer or a thread cannot be made; threads already started then end with their `main`.
pub fn spawn<F, Fut, T>(count: usize, name: &str, main: F) -> io::Result<Vec<JoinHandle<T>>>
where
    F: Fn(usize) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = T> + 'static,
    T: Send + 'static,
{
    let main = Arc::new(main);
    (0..count)
        .map(|index| {
            let runtime = runtime()?;
            let alarm = timer::Fd::new()?;
            let main = Arc::clone(&main);
            Builder::new().name(format!("{name}-{index}")).spawn(move || {
                fine_timer_slack();
                let local = LocalSet::new();
                let output = local.block_on(&runtime, async {
                    timer::start_in_local_set(alarm);
                    main(index).await
                });
                // Tasks left over must end while their runtime still serves their sockets.
                drop(local);
                output
            })
        })
        .collect()
}

/// Runs `main` to its end on the calling thread, inside a runtime and a `LocalSet` like a worker's.
///
/// # Errors
/// When the runtime or its timer cannot be made.
pub fn block_on<Fut: Future>(main: Fut) -> io::Result<Fut::Output> {
    let runtime = runtime()?;
    let alarm = timer::Fd::new()?;
    let local = LocalSet::new();
    let output = local.block_on(&runtime, async {
        timer::start_in_local_set(alarm);
        main.await
    });
    drop(local);
    Ok(output)
}

/// From now on the calling thread gets little of a core that others want too: for threads whose work
/// may not slow the load. Cannot be taken back.
pub fn give_way() {
    #[expect(unsafe_code, reason = "no safe call sets a thread's nice value")]
    // SAFETY: takes no memory; on Linux an id of 0 is the calling thread alone. Where the kernel
    // refuses, the thread competes as others do.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, GIVE_WAY_NICE);
    }
}

/// From now on the process's memory comes in pages of 4 KB, even where the allocator asks for larger ones. The
/// system clears a page when it is first written to: 2 MB of it take some 0.1 ms, and several where a host
/// has to find them first, while the thread and all it serves wait.
///
/// # Errors
/// The kernel's: one without such pages.
pub fn disable_huge_pages() -> io::Result<()> {
    Ok(nix::sys::prctl::set_thp_disable(true)?)
}

/// Cores this process may run on (its affinity mask and cgroup quota, at least 1).
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .on_thread_park(gather::before_park)
        .build()
}

/// By default the kernel may fire a thread's timers 50 us late to group them. Where it refuses the
/// change, timers are that much coarser, and lateness shows it.
fn fine_timer_slack() {
    nix::sys::prctl::set_timerslack(1).ok();
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    #[test]
    fn each_worker_runs_local_tasks_and_returns() {
        let handles = spawn(3, "test", |index| async move {
            let shared = Rc::new(index);
            let task = tokio::task::spawn_local({
                let shared = Rc::clone(&shared);
                async move { *shared * 10 }
            });
            (std::thread::current().name().map(str::to_owned), task.await.unwrap())
        })
        .unwrap();
        let outputs: Vec<_> = handles.into_iter().map(|handle| handle.join().unwrap()).collect();
        for (index, (name, product)) in outputs.into_iter().enumerate() {
            assert_eq!(name, Some(format!("test-{index}")));
            assert_eq!(product, index * 10);
        }
    }

    #[test]
    fn a_future_runs_on_the_calling_thread() {
        let here = std::thread::current().id();
        assert_eq!(block_on(async { std::thread::current().id() }).unwrap(), here);
    }

    #[test]
    fn huge_pages_are_disabled() {
        disable_huge_pages().unwrap();
        assert!(nix::sys::prctl::get_thp_disable().unwrap());
    }

    #[test]
    fn a_thread_gives_way_alone() {
        let nice = || {
            // Fields behind the name, which ends with a parenthesis: nice is the 17th of them.
            let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
            stat.rsplit_once(')').unwrap().1.split_whitespace().nth(16).unwrap().parse().unwrap()
        };
        let before: i32 = nice();
        let given = std::thread::spawn(move || {
            give_way();
            nice()
        });
        assert_eq!(given.join().unwrap(), before.max(GIVE_WAY_NICE));
        assert_eq!(nice(), before);
    }

    #[test]
    fn there_is_a_core() {
        assert!(cores() >= 1);
    }
}
