//! Runs as what a page shows.

use super::board::{Content, write_event};
use crate::view::{
    digest::News,
    model::{Model, Part},
    page,
    run::join,
};

/// The runs of a page.
pub(super) struct Shown(Vec<Run>);

struct Run {
    model: Model,
    /// What pages have: points, and of which epoch.
    points: usize,
    epoch: u64,
    has_news: bool,
    /// Whether pages were told of its end.
    is_over: bool,
}

impl Shown {
    pub(super) fn new(models: Vec<Model>) -> Shown {
        let run = |model: Model| Run {
            points: model.points(),
            epoch: model.epoch(),
            has_news: false,
            is_over: !model.is_live(),
            model,
        };
        Shown(models.into_iter().map(run).collect())
    }
}

impl Content for Shown {
    /// Of a run, by number.
    type News = (usize, News);

    const DATA: &'static str = "/api/runs";

    fn page(&self) -> Vec<u8> {
        let title = match &self.0[..] {
            [alone] => alone.model.meta().name.clone(),
            runs => format!("{} runs", runs.len()),
        };
        page::served(&title)
    }

    fn json(&self) -> Vec<u8> {
        join(self.0.iter().map(|run| run.model.whole().to_json()))
    }

    fn absorb(&mut self, (run, news): (usize, News)) {
        if let Some(run) = self.0.get_mut(run) {
            run.model.absorb(news);
            run.has_news = true;
        }
    }

    fn write_whole(&self, text: &mut Vec<u8>) {
        for run in &self.0 {
            write_event(text, "run", &run.model.whole().to_json());
            if run.is_over {
                run.write_end(text);
            }
        }
    }

    fn write_news(&mut self, is_read: bool, text: &mut Vec<u8>) {
        for run in self.0.iter_mut().filter(|run| run.has_news) {
            if is_read {
                run.write_news(text);
            }
            run.has_news = false;
            run.points = run.model.points();
            run.epoch = run.model.epoch();
            run.is_over = !run.model.is_live();
        }
    }
}

impl Run {
    fn write_news(&self, text: &mut Vec<u8>) {
        let write = |text: &mut Vec<u8>, name: &str, part: &Part<'_>| {
            write_event(text, name, &part.to_json());
        };
        if self.model.epoch() == self.epoch {
            write(text, "append", &self.model.since(self.points));
        } else {
            write(text, "run", &self.model.whole());
        }
        if !self.is_over && !self.model.is_live() {
            self.write_end(text);
        }
    }

    fn write_end(&self, text: &mut Vec<u8>) {
        let id = serde_json::Value::from(self.model.meta().id.as_str());
        write_event(text, "end", format!("{{\"id\":{id}}}").as_bytes());
    }
}
