//! Sleeping in the runtimes that the program and its tests use.

use std::cell::Cell;

use super::*;
use crate::workers;

const MILLISECOND: Duration = Duration::from_millis(1);

async fn check_sleep(duration: Duration) {
    let deadline = Instant::now() + duration;
    sleep_until(deadline).await;
    assert!(Instant::now() >= deadline);
}

#[tokio::test]
async fn works_without_a_local_set() {
    check_sleep(MILLISECOND / 10).await;
    check_sleep(2 * MILLISECOND).await;
    check_sleep(Duration::ZERO).await;
}

#[test]
fn works_in_one_runtime_after_another_on_a_thread() {
    for _ in 0..3 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(check_sleep(MILLISECOND));
    }
}

#[test]
fn works_in_runtimes_that_take_turns() {
    let make = || tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let (one, other) = (make(), make());
    for _ in 0..3 {
        one.block_on(check_sleep(MILLISECOND));
        other.block_on(check_sleep(MILLISECOND));
    }
}

#[test]
fn works_in_a_runtime_that_moves_between_threads() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    runtime.block_on(check_sleep(MILLISECOND));
    // Leaves an alarm set, which goes off on the other thread.
    let left = Instant::now() + 2 * MILLISECOND;
    assert!(
        runtime.block_on(timeout_at(Instant::now() + MILLISECOND, sleep_until(left))).is_none()
    );
    let runtime = std::thread::spawn(move || {
        runtime.block_on(check_sleep(3 * MILLISECOND));
        runtime.block_on(check_sleep(MILLISECOND));
        runtime
    })
    .join()
    .unwrap();
    runtime.block_on(check_sleep(MILLISECOND));
}

#[test]
fn sleepers_wake_in_order_of_their_deadlines() {
    let order = workers::block_on(async {
        let order = Rc::new(RefCell::new(Vec::new()));
        let start = Instant::now();
        let tasks: Vec<_> = [5_u32, 1, 4, 2, 3]
            .into_iter()
            .map(|place| {
                let order = Rc::clone(&order);
                tokio::task::spawn_local(async move {
                    sleep_until(start + 2 * MILLISECOND * place).await;
                    order.borrow_mut().push(place);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        order.take()
    })
    .unwrap();
    assert_eq!(order, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_dropped_sleep_leaves_nothing_behind() {
    let far = Instant::now() + Duration::from_secs(3600);
    for _ in 0..10 {
        assert!(timeout_at(Instant::now() + MILLISECOND / 10, sleep_until(far)).await.is_none());
    }
    assert_eq!(Timers::current().queue.borrow_mut().next_deadline(), None);
}

#[tokio::test]
async fn a_later_deadline_does_not_hide_an_earlier_one() {
    let far = Instant::now() + Duration::from_secs(3600);
    let late = timeout_at(far, async {
        check_sleep(MILLISECOND).await;
        check_sleep(MILLISECOND).await;
        "done"
    });
    assert_eq!(late.await, Some("done"));
}

#[tokio::test]
async fn what_is_ready_wins_over_a_deadline_that_is_past() {
    let past = Instant::from_nanos(0);
    assert_eq!(timeout_at(past, std::future::ready(1)).await, Some(1));
    assert_eq!(timeout_at(past, std::future::pending::<()>()).await, None);
}

#[tokio::test]
async fn a_sleep_that_never_ends_is_accepted() {
    let ended = Cell::new(false);
    let forever = async {
        sleep_until(Instant::FAR_FUTURE).await;
        ended.set(true);
    };
    assert!(timeout_at(Instant::now() + MILLISECOND, forever).await.is_none());
    assert!(!ended.get());
}
