//! HTTP/1.1 and HTTP/2 as k6's scripts see them.
//!
//! A [`Worker`] belongs to one thread and holds what its VUs share: settings, parsed URLs, series
//! handles, spare buffers. A [`Client`] belongs to one VU and holds its connections. Both live on
//! one thread; [`Client::send`] runs one exchange with all its redirects to the end, emits the
//! built-in samples of every hop and returns a [`Response`], failed or not.

mod batch;
pub mod client;
mod compress;
pub mod config;
pub mod cookies;
mod debug;
mod digest;
mod emit;
pub mod error;
mod exchange;
pub mod headers;
pub mod request;
pub mod response;
mod send;
pub mod timings;
pub mod url;
pub mod worker;

pub use client::Client;
pub use config::HttpConfig;
pub use cookies::{Cookie, CookieJar};
pub use error::{ErrorCode, HttpError};
pub use headers::Headers;
pub use request::{Auth, Compression, ExpectedStatuses, Request, RequestCookie, Scope};
pub use response::{Proto, Response, TlsInfo};
pub use timings::Timings;
pub use url::Url;
pub use worker::Worker;
