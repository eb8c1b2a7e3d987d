//! A client with its surroundings, and servers to aim it at.

pub(crate) mod raw;
pub(crate) mod secure;

use std::{cell::RefCell, rc::Rc, sync::Arc};

use plimsoll_clients::http::{Client, HttpConfig, Request, Response, Scope, Url, Worker};
use plimsoll_metrics::{Recorder, Registry, TagSet};
use plimsoll_runtime::{
    log::Log,
    tls::{TlsConfig, TlsConnector},
    workers,
};

/// Runs a test as a worker runs its VUs.
pub(crate) fn run<F: Future>(main: F) -> F::Output {
    workers::block_on(main).unwrap()
}

pub(crate) fn config() -> HttpConfig {
    config_with(&TlsConfig::default())
}

pub(crate) fn config_with(tls: &TlsConfig) -> HttpConfig {
    let tls = TlsConnector::new(tls).unwrap();
    HttpConfig::new("plimsoll/test", tls, Log::memory())
}

/// A client that records its samples.
pub(crate) struct Subject {
    pub(crate) client: Rc<Client>,
    pub(crate) recorder: Rc<RefCell<Recorder>>,
    pub(crate) scope: Scope,
    pub(crate) log: Log,
}

impl Subject {
    pub(crate) fn new(config: HttpConfig) -> Subject {
        let log = config.log.clone();
        let registry = Registry::new(10_000);
        let recorder = Rc::new(RefCell::new(Recorder::new(registry, true, 10_000)));
        let worker = Worker::new(Arc::new(config), recorder.clone());
        let client = Rc::new(Client::new(worker, 0));
        let tags = TagSet::from_pairs([("group", ""), ("scenario", "default")]);
        Subject { client, recorder, scope: Scope { tags, metadata: None }, log }
    }

    pub(crate) async fn send(&self, request: Request) -> Response {
        self.client.send(request, &self.scope).await
    }

    pub(crate) async fn get(&self, url: &str) -> Response {
        self.send(get(url)).await
    }

    /// Metric, tags and value of every sample since the last call; tags as `key=value`.
    pub(crate) fn samples(&self) -> Vec<(String, Vec<String>, f64)> {
        let mut recorder = self.recorder.borrow_mut();
        let (samples, lost) = recorder.take_samples();
        assert_eq!(lost, 0);
        let registry = recorder.registry();
        let describe = |sample: &plimsoll_metrics::RawSample| {
            let series = registry.series_def(sample.series);
            let tags = series.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
            (registry.def(series.metric).name.to_string(), tags, sample.value)
        };
        samples.iter().map(describe).collect()
    }
}

pub(crate) fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

pub(crate) fn get(text: &str) -> Request {
    Request::new("GET", url(text))
}

pub(crate) fn post(text: &str, body: &'static str) -> Request {
    Request { body: Some(body.into()), ..Request::new("POST", url(text)) }
}

/// Body as text.
pub(crate) fn text(response: &Response) -> Option<String> {
    response.body.as_ref().map(|body| String::from_utf8_lossy(body).into_owned())
}
