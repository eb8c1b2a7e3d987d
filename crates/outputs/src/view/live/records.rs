//! A page of run records: finished ones, and those that are still being written, which it follows.

use std::{path::Path, sync::Arc, time::Duration};

use plimsoll_runtime::{log::Log, timer, workers};

use super::{Address, Feed, Server, runs::Shown};
use crate::{
    OutputError,
    record::ReadError,
    view::{
        digest::News,
        model::RunMeta,
        replay::{Replay, Stage},
        run::RunView,
    },
};

/// How often a record that is being written is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A record that has been read as far as it goes.
pub struct Opened {
    view: RunView,
    replay: Replay,
    stage: Stage,
}

/// Reads a record, as `id` among those of a page.
///
/// # Errors
/// When it cannot be read or is no run record. One that was cut or damaged later on is shown as far as
/// it goes, and says so.
pub fn open(path: &Path, id: &str) -> Result<Opened, ReadError> {
    let mut replay = Replay::open(path)?;
    let mut view = RunView::new(RunMeta::new(id, replay.header()), replay.registry().clone());
    let stage = replay.advance(&mut view);
    if let Stage::Cut(why) = &stage {
        view.model.absorb(News::Cut(why.clone()));
    }
    Ok(Opened { view, replay, stage })
}

/// Whether the file begins as a run record does.
pub fn is_record(path: &Path) -> bool {
    Replay::open(path).is_ok()
}

impl Opened {
    pub fn view(&self) -> &RunView {
        &self.view
    }

    /// What the page shows above everything else because of the record itself.
    pub fn trouble(&self) -> Option<&str> {
        match &self.stage {
            Stage::Cut(why) => Some(why),
            Stage::Running | Stage::Ended => None,
        }
    }

    /// Whether its run still goes on.
    pub fn is_live(&self) -> bool {
        self.stage == Stage::Running
    }
}

/// Serves the page of these records until the process ends.
///
/// # Errors
/// When `address` cannot be listened on.
pub fn show(address: Address, records: Vec<Opened>, log: &Log) -> Result<Server, OutputError> {
    let mut models = Vec::new();
    let mut running = Vec::new();
    for (run, record) in records.into_iter().enumerate() {
        let RunView { digester, model } = record.view;
        models.push(model);
        if record.stage == Stage::Running {
            running.push((run, digester, record.replay));
        }
    }
    let (server, inbox) = Server::start(address, Shown::new(models), log)?;
    let followed: Vec<(Replay, Feed)> = running
        .into_iter()
        .map(|(run, digester, replay)| (replay, Feed::new(run, digester, Arc::clone(&inbox), log)))
        .collect();
    if !followed.is_empty() {
        std::thread::Builder::new()
            .name("records".to_owned())
            .spawn(move || follow(followed))
            .map_err(|error| OutputError { message: error.to_string() })?;
    }
    Ok(server)
}

/// Until all have ended.
fn follow(mut followed: Vec<(Replay, Feed)>) {
    let done = workers::block_on(async {
        while !followed.is_empty() {
            timer::sleep(LOOK_EVERY).await;
            followed.retain_mut(|(replay, feed)| match replay.advance(feed) {
                Stage::Running => true,
                Stage::Ended => false,
                Stage::Cut(why) => {
                    feed.news(News::Cut(why));
                    false
                }
            });
        }
    });
    // Without a timer the page stays as it was.
    drop(done);
}
