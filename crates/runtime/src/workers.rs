//! Worker threads: one per core, each with a current-thread tokio runtime and a `LocalSet`.

/// Runs `main(index)` on `count` threads, each inside its own current-thread runtime and `LocalSet`,
/// and returns handles to join. The futures need not be `Send`: they are made on their thread.
pub fn spawn<F, Fut, T>(count: usize, name: &str, main: F) -> std::io::Result<Vec<std::thread::JoinHandle<T>>>
where
    F: Fn(usize) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = T> + 'static,
    T: Send + 'static,
{
    todo!("{count}{name}{}", size_of_val(&main))
}

/// Cores this process may run on (its affinity mask and cgroup quota, at least 1).
pub fn cores() -> usize {
    todo!()
}
