//! Many exchanges at a time, within k6's two limits.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use super::{
    client::Client,
    request::{Request, Scope},
    response::Response,
    url::Url,
};

/// Exchanges of one batch at a time, whatever the options say.
const CONCURRENCY_LIMIT: usize = 4096;

pub(super) async fn run(client: &Client, requests: Vec<Request>, scope: &Scope) -> Vec<Response> {
    let config = &client.worker.config;
    let limit = |option: usize| match option {
        0 => CONCURRENCY_LIMIT,
        some => some.min(CONCURRENCY_LIMIT),
    };
    let mut batch = Batch {
        limit: limit(config.batch),
        per_host: limit(config.batch_per_host),
        done: requests.iter().map(|_| None).collect(),
        waiting: requests.into_iter().enumerate().map(Some).collect(),
        running: Vec::new(),
        start: |request| Box::pin(client.send(request, scope)),
    };
    poll_fn(|context| batch.poll(context)).await;
    // Every place is filled when the batch has ended.
    batch.done.into_iter().flatten().collect()
}

struct Batch<F, S> {
    limit: usize,
    per_host: usize,
    /// In order; taken out when started.
    waiting: Vec<Option<(usize, Request)>>,
    running: Vec<Running<F>>,
    done: Vec<Option<Response>>,
    start: S,
}

struct Running<F> {
    place: usize,
    host: Url,
    future: Pin<Box<F>>,
}

impl<F, S> Batch<F, S>
where
    F: Future<Output = Response>,
    S: Fn(Request) -> Pin<Box<F>>,
{
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            self.fill();
            let before = self.running.len();
            let done = &mut self.done;
            self.running.retain_mut(|running| match running.future.as_mut().poll(context) {
                Poll::Ready(response) => {
                    if let Some(place) = done.get_mut(running.place) {
                        *place = Some(response);
                    }
                    false
                }
                Poll::Pending => true,
            });
            if self.running.is_empty() && self.waiting.is_empty() {
                return Poll::Ready(());
            }
            // Whatever was started must be polled once before this may wait.
            if self.running.len() == before {
                return Poll::Pending;
            }
        }
    }

    /// Starts what the limits allow, earlier requests first.
    fn fill(&mut self) {
        for waiting in &mut self.waiting {
            if self.running.len() >= self.limit {
                break;
            }
            let Some((_, request)) = waiting else { continue };
            let host = request.url.clone();
            let same = self.running.iter().filter(|running| running.host.same_host(&host)).count();
            if same < self.per_host
                && let Some((place, request)) = waiting.take()
            {
                self.running.push(Running { place, host, future: (self.start)(request) });
            }
        }
        self.waiting.retain(Option::is_some);
    }
}
