//! Pages that services show over HTTP.

use std::{borrow::Cow, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{Request, Uri, header};
use plimsoll_runtime::{
    fetch::{FetchError, Fetcher, Limits, Protocol},
    tls::{TlsConfig, TlsConnector},
};

use super::address::Address;
use crate::probe::ProbeError;

/// A page to be asked for again and again.
pub(crate) struct Page {
    fetcher: Fetcher,
    url: Uri,
    authorization: Option<String>,
    accept: &'static str,
    limits: Limits,
}

impl Page {
    /// `body_limit`: bytes of the page. `accept`: its type.
    pub(crate) fn new(
        address: &Address,
        accept: &'static str,
        body_limit: usize,
    ) -> Result<Page, ProbeError> {
        let tls = TlsConnector::new(&TlsConfig::default()).map_err(ProbeError::new)?;
        Ok(Page {
            fetcher: Fetcher::new(Protocol::Http1, tls),
            url: url(address)?,
            authorization: authorization(address),
            accept,
            limits: Limits { timeout: PAGE_TIMEOUT, body: body_limit },
        })
    }

    /// The page now, as text; what is no UTF-8 is replaced.
    pub(crate) async fn get(&mut self) -> Result<String, ProbeError> {
        let mut request = Request::get(&self.url)
            .header(header::ACCEPT, self.accept)
            .header(header::USER_AGENT, concat!("plimsoll/", env!("CARGO_PKG_VERSION")));
        if let Some(value) = &self.authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        let request = request.body(Bytes::new()).map_err(ProbeError::new)?;
        let answer = self.fetcher.send(request, self.limits).await.map_err(failure)?;
        if answer.status != 200 {
            return Err(ProbeError::new(format!("status {} instead of 200", answer.status)));
        }
        Ok(match String::from_utf8_lossy(&answer.body) {
            Cow::Borrowed(text) => text.to_owned(),
            Cow::Owned(text) => text,
        })
    }
}

/// Why there is no page; whose it is has been said.
pub(crate) fn failure(error: FetchError) -> ProbeError {
    match &error {
        FetchError::Connect(text) => {
            let why = text.split_once(": ").map_or(text.as_str(), |(_, why)| why);
            ProbeError::new(format!("connect: {why}"))
        }
        error => ProbeError::new(error),
    }
}

/// Shorter than a reading may take, so that the reason is told.
const PAGE_TIMEOUT: Duration = Duration::from_secs(4);

/// Without credentials, so that errors may print it.
fn url(address: &Address) -> Result<Uri, ProbeError> {
    let Address { scheme, authority, path, query, .. } = address;
    let mut url = format!("{scheme}://{authority}{path}");
    if !query.is_empty() {
        let pairs =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        url = format!("{url}?{pairs}");
    }
    url.parse().map_err(|error| ProbeError::new(format!("{url}: {error}")))
}

fn authorization(address: &Address) -> Option<String> {
    if address.user.is_none() && address.password.is_none() {
        return None;
    }
    let user = address.user.as_deref().unwrap_or_default();
    let password = address.password.as_ref().map(super::address::Secret::reveal);
    let pair = format!("{user}:{}", password.unwrap_or_default());
    Some(format!("Basic {}", BASE64_STANDARD.encode(pair)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_nobody_answers() {
        let text = "[::1]:9100: Connection refused".to_owned();
        assert_eq!(failure(FetchError::Connect(text)).to_string(), "connect: Connection refused");
        assert_eq!(
            failure(FetchError::TooLarge(5)).to_string(),
            "the answer is larger than 5 bytes"
        );
    }

    #[test]
    fn a_page_and_who_asks_for_it() {
        let address = Address::parse("http://u:p@h:81/metrics?match=a%20b&x=", 80).unwrap();
        assert_eq!(url(&address).unwrap().to_string(), "http://h:81/metrics?match=a+b&x=");
        assert_eq!(authorization(&address).as_deref(), Some("Basic dTpw"));
        let address = Address::parse("https://h", 443).unwrap();
        assert_eq!(url(&address).unwrap().to_string(), "https://h/");
        assert_eq!(authorization(&address), None);
    }
}
