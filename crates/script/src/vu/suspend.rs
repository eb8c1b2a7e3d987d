//! Waiting inside a script: a blocking call from JavaScript becomes a suspended coroutine.

/// Runs `future` to its end while the VU's coroutine is suspended; the worker's other VUs go on.
///
/// Only from host functions called on a VU's own stack. `Err` when the iteration was interrupted
/// or the run aborted meanwhile: pass it on with `?`, the script cannot catch it.
pub fn wait<'js, F: Future>(ctx: &rquickjs::Ctx<'js>, future: F) -> rquickjs::Result<F::Output> {
    todo!("{:p}{}", ctx, size_of_val(&future))
}
