//! What is told apart by name and not by time: URLs and checks.

use crate::view::{digest::Requests, sparse::Sparse};

/// In order of first sight.
#[derive(Debug, Default)]
pub(super) struct Urls(pub(super) Vec<Url>);

#[derive(Debug)]
pub(super) struct Url {
    pub(super) name: String,
    pub(super) method: String,
    pub(super) count: u64,
    pub(super) failed: u64,
    pub(super) times: Sparse,
}

impl Urls {
    pub(super) fn define(&mut self, name: String, method: String) {
        self.0.push(Url { name, method, count: 0, failed: 0, times: Sparse::default() });
    }

    pub(super) fn add(&mut self, requests: &[(u32, Requests)]) {
        for (number, more) in requests {
            if let Some(url) = self.0.get_mut(*number as usize) {
                url.count += more.count;
                url.failed += more.failed;
                url.times.merge(&more.times);
            }
        }
    }
}

/// In order of first sight: name, passes, fails.
#[derive(Debug, Default)]
pub(super) struct Checks(pub(super) Vec<(String, u64, u64)>);

impl Checks {
    pub(super) fn define(&mut self, name: String) {
        self.0.push((name, 0, 0));
    }

    pub(super) fn add(&mut self, more: &[(u32, u64, u64)]) {
        for (number, passed, failed) in more {
            if let Some((_, passes, fails)) = self.0.get_mut(*number as usize) {
                *passes += passed;
                *fails += failed;
            }
        }
    }
}
