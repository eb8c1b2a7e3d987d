//! What the VUs of one worker thread share: one place per thread, looked after while it lasts.

use std::{
    any::Any,
    cell::RefCell,
    rc::{Rc, Weak},
};

use plimsoll_engine::worker::Worker;
use plimsoll_runtime::timer;

use crate::hits::FLUSH_EVERY;

/// One thread's part of an attack.
pub(crate) trait Place: 'static {
    /// Does what need not be done with every hit; called often enough that hits reach their reader
    /// in time also when few are sent.
    fn settle(&self);
}

thread_local! {
    /// Worker threads belong to one run, which has places of one kind.
    static PLACE: RefCell<Option<Rc<dyn Any>>> = const { RefCell::new(None) };
}

/// The thread's place, made by `make` when there is none yet. Inside a `LocalSet`.
pub(crate) fn place<P: Place>(make: impl FnOnce() -> P) -> Rc<P> {
    let known = PLACE.with_borrow(Clone::clone);
    if let Some(place) = known.and_then(|place| place.downcast().ok()) {
        return place;
    }
    let place = Rc::new(make());
    PLACE.set(Some(Rc::<P>::clone(&place)));
    // It ends with the place.
    drop(tokio::task::spawn_local(keep_settling(Rc::downgrade(&place))));
    place
}

/// The thread sends no more: its place, if it had one. VUs may still hold it.
pub(crate) fn leave<P: Place>() -> Option<Rc<P>> {
    let place = PLACE.take()?.downcast::<P>().ok()?;
    place.settle();
    Some(place)
}

/// The thread's part of what all threads have together: `worker`'s share of `most`.
pub(crate) fn share(most: usize, worker: &Worker) -> usize {
    most / worker.count + usize::from(worker.index < most % worker.count)
}

async fn keep_settling<P: Place>(place: Weak<P>) {
    loop {
        timer::sleep(FLUSH_EVERY).await;
        match place.upgrade() {
            Some(place) => place.settle(),
            None => return,
        }
    }
}
