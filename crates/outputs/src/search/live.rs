//! The page of a search that goes on, at an address of its own.

use std::sync::Arc;

use plimsoll_runtime::log::Log;

use super::{
    model::{Now, Progress, Search},
    page,
};
use crate::{
    OutputError,
    view::live::{Address, Content, Inbox, Message, Server, write_event},
};

/// Seconds of one trial that pages get: a trial is one or two minutes at most.
const SECONDS_LIMIT: usize = 600;

/// What changes.
enum News {
    /// All of it: after each trial, and where the next begins.
    Whole(Box<Search>),
    /// What goes on, once a second.
    Progress(Box<Progress>),
}

/// The search as pages have it.
struct Shown {
    search: Search,
    is_new: bool,
    is_further: bool,
}

impl Content for Shown {
    type News = News;

    const DATA: &'static str = "/api/search";

    fn page(&self) -> Vec<u8> {
        page::served(&self.search)
    }

    fn json(&self) -> Vec<u8> {
        json(&self.search)
    }

    fn absorb(&mut self, news: News) {
        match news {
            News::Whole(search) => {
                self.search = *search;
                self.is_new = true;
            }
            News::Progress(progress) => {
                self.search.progress = Some(*progress);
                self.is_further = true;
            }
        }
    }

    fn write_whole(&self, text: &mut Vec<u8>) {
        write_event(text, "search", &json(&self.search));
    }

    fn write_news(&mut self, is_read: bool, text: &mut Vec<u8>) {
        if is_read && self.is_new {
            self.write_whole(text);
        } else if is_read && self.is_further {
            write_event(text, "progress", &json(&self.search.progress));
        }
        (self.is_new, self.is_further) = (false, false);
    }
}

/// Numbers that are none become null, so this does not fail; if it did, the page would keep what it has.
fn json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|_| b"null".to_vec())
}

/// The page of a search, served until the process ends.
pub struct SearchPage {
    server: Server,
    inbox: Arc<Inbox<News>>,
    log: Log,
}

/// Serves the page of a search that is about to start.
///
/// # Errors
/// When `address` cannot be listened on.
pub fn start(address: Address, search: Search, log: &Log) -> Result<SearchPage, OutputError> {
    let shown = Shown { search, is_new: false, is_further: false };
    let (server, inbox) = Server::start(address, shown, log)?;
    Ok(SearchPage { server, inbox, log: log.clone() })
}

impl SearchPage {
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Shows this from now on.
    pub fn show(&self, search: Search) {
        self.push(News::Whole(Box::new(search)));
    }

    /// Shows how far the trial is that goes on.
    pub fn advance(&self, progress: &Progress) {
        let mut progress = progress.clone();
        if let Some(Now { seconds, .. }) = &mut progress.now {
            seconds.truncate(SECONDS_LIMIT);
        }
        self.push(News::Progress(Box::new(progress)));
    }

    /// Waits until pages got what there is, or for so long that they will not.
    pub fn flush(&self) {
        self.server.flush();
    }

    fn push(&self, news: News) {
        if !self.inbox.push(Message::News(news)) && self.inbox.is_first_loss() {
            self.log.warn("the dashboard cannot keep up and lacks a part of the search");
        }
    }
}
