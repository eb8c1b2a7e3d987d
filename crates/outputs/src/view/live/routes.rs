//! The server's thread: what is served where, and the loop that takes in news.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc::SyncSender},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use plimsoll_runtime::{clock::thread_cpu_time, listen::Bound, log::Log, timer, workers};

use super::{
    board::{Board, Content},
    body::Stream,
    guard::{self, Guard},
    inbox::Inbox,
    limited::Limited,
};

/// Silence after which pages get a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long the end of a run waits for pages to take the last news, looked at this often.
const FLUSH_LOOKS: u32 = 25;
const FLUSH_LOOK: Duration = Duration::from_millis(20);

struct Shared<C: Content> {
    board: Arc<Mutex<Board<C>>>,
    page: Bytes,
}

impl<C: Content> Clone for Shared<C> {
    fn clone(&self) -> Shared<C> {
        Shared { board: Arc::clone(&self.board), page: self.page.clone() }
    }
}

impl<C: Content> Shared<C> {
    /// All who lock it are on this thread, and none waits with it.
    fn lock(&self) -> MutexGuard<'_, Board<C>> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves until the process ends. Blocks.
pub(super) fn run<C: Content>(
    bound: Bound,
    address: SocketAddr,
    board: Board<C>,
    inbox: &Inbox<C::News>,
    log: &Log,
) {
    let page = Bytes::from(board.content().page());
    let shared = Shared { board: Arc::new(Mutex::new(board)), page };
    let served = workers::block_on(async {
        let listener = bound.listen()?;
        let server = axum::serve(Limited::new(listener), router(&shared, address));
        tokio::task::spawn_local(beat(shared.clone()));
        tokio::task::spawn_local(async move {
            // It never ends: what fails is one connection.
            _ = server.await;
        });
        follow(&shared, inbox, log).await
    });
    if let Ok(Err(error)) | Err(error) = served {
        log.warn(&format!("the dashboard on {address} is not served: {error}"));
    }
}

/// Takes in news for good.
async fn follow<C: Content>(
    shared: &Shared<C>,
    inbox: &Inbox<C::News>,
    log: &Log,
) -> std::io::Result<()> {
    loop {
        let messages = inbox.take().await;
        let waiting = shared.lock().take(messages);
        if !waiting.is_empty() {
            // Before the answer, which the process may end after.
            let micros = thread_cpu_time().as_micros();
            log.debug(&format!("dashboard: {micros} us of its own thread's time"));
            flush(shared, waiting).await;
        }
    }
}

async fn flush<C: Content>(shared: &Shared<C>, waiting: Vec<SyncSender<()>>) {
    for _ in 0..FLUSH_LOOKS {
        if shared.lock().is_flushed() {
            // The last of it is on its way to the socket.
            timer::sleep(FLUSH_LOOK).await;
            break;
        }
        timer::sleep(FLUSH_LOOK).await;
    }
    // Who no longer waits needs no answer.
    waiting.iter().for_each(|done| _ = done.try_send(()));
}

async fn beat<C: Content>(shared: Shared<C>) {
    loop {
        timer::sleep(HEARTBEAT).await;
        shared.lock().heartbeat();
    }
}

fn router<C: Content>(shared: &Shared<C>, address: SocketAddr) -> Router {
    Router::new()
        .route("/", get(index::<C>))
        .route(C::DATA, get(data::<C>))
        .route("/events", get(events::<C>))
        .fallback(missing)
        .layer(middleware::from_fn_with_state(Guard::new(address, &shared.page), guard::check))
        .with_state(shared.clone())
}

async fn index<C: Content>(State(shared): State<Shared<C>>) -> Response {
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], shared.page.clone()).into_response()
}

async fn missing() -> Response {
    (StatusCode::NOT_FOUND, "there is no such page: see /\n").into_response()
}

async fn data<C: Content>(State(shared): State<Shared<C>>) -> Response {
    let json = shared.lock().content().json();
    ([(CONTENT_TYPE, "application/json")], json).into_response()
}

async fn events<C: Content>(State(shared): State<Shared<C>>) -> Response {
    match shared.lock().follow() {
        Some(changes) => {
            let body = Body::new(Stream(changes));
            ([(CONTENT_TYPE, "text/event-stream")], body).into_response()
        }
        None => {
            let why = "too many pages follow this already\n";
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "10")], why).into_response()
        }
    }
}
