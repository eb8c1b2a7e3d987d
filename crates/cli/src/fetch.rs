//! Downloads `https://` modules with our own HTTP client.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use plimsoll_clients::http::{Client, HttpConfig, Request, Scope, Url, Worker, config::Proxies};
use plimsoll_metrics::{Recorder, Registry, TagSet};
use plimsoll_runtime::{
    log::Log,
    tls::{TlsConfig, TlsConnector},
    workers,
};
use plimsoll_script::loader::{Fetch, FetchError};

/// A module server that takes longer is taken for dead.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The samples of a download go nowhere.
const SERIES_LIMIT: usize = 64;

/// A client of its own per download: they are rare, and kept in a cache on disk.
pub(crate) struct HttpsFetch {
    pub(crate) log: Log,
}

impl Fetch for HttpsFetch {
    fn fetch(&self, url: &url::Url, limit: u64) -> Result<Vec<u8>, FetchError> {
        let failed = |message: String| FetchError { message };
        let tls = TlsConnector::new(&TlsConfig::default()).map_err(|e| failed(e.to_string()))?;
        let agent = concat!("plimsoll/", env!("CARGO_PKG_VERSION"));
        let mut config = HttpConfig::new(agent, tls, self.log.clone());
        config.proxies = Proxies::from_environment();
        let target = Url::parse(url.as_str()).map_err(|error| failed(error.message.to_string()))?;
        let download = async move {
            let recorder = Recorder::new(Registry::new(SERIES_LIMIT), false, 0);
            let worker = Worker::new(Arc::new(config), Rc::new(RefCell::new(recorder)));
            let mut request = Request::new("GET", target);
            request.timeout = TIMEOUT;
            let scope = Scope { tags: TagSet::default(), metadata: None };
            let response = Client::new(worker, 0).send(request, &scope).await;
            match (&response.error, response.status) {
                (Some(error), _) => Err(error.message.to_string()),
                (None, 200) => Ok(response.body.map(|body| body.to_vec()).unwrap_or_default()),
                (None, status) => Err(format!("the server answered {status}")),
            }
        };
        let body = workers::block_on(download)
            .map_err(|error| failed(error.to_string()))?
            .map_err(failed)?;
        if body.len() as u64 > limit {
            return Err(failed(format!("it is larger than {limit} bytes")));
        }
        Ok(body)
    }
}
