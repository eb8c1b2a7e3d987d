//! Parsers of modules as the fuzz targets call them, without a script around.

use crate::modules::{
    html::{
        form,
        selection::{Filter, Selection, Step},
        selector,
    },
    http::gjson,
};

/// What `response.json(path)` finds in `json`, as JSON text.
pub fn json_path(json: &str, path: &str) -> Option<String> {
    gjson::get(json, path).map(String::from)
}

/// A list of nodes of a parsed page.
pub struct Page(Selection);

/// Ways to neighbours, one after the other.
const STEPS: [Step; 9] = [
    Step::Next,
    Step::NextAll,
    Step::Previous,
    Step::PreviousAll,
    Step::Parent,
    Step::Parents,
    Step::Siblings,
    Step::Children,
    Step::Contents,
];

impl Page {
    /// `parseHTML(text)`; `None` when elements are nested too deep.
    pub fn parse(text: &str) -> Option<Page> {
        Selection::parse(text, "http://a.test/").ok().map(Page)
    }

    /// `find(text)`; `None` when the text is no selector.
    pub fn find(&self, text: &str) -> Option<Page> {
        let selector = selector::parse(text)?;
        Some(Page(self.0.find(&Filter::Selector(Some(selector)))))
    }

    /// `filter(text)`; `None` when the text is no selector.
    pub fn filter(&self, text: &str) -> Option<Page> {
        let selector = selector::parse(text)?;
        Some(Page(self.0.filter(&Filter::Selector(Some(selector)))))
    }

    pub fn size(&self) -> usize {
        self.0.nodes.len()
    }

    /// All that scripts can read of these nodes: their text, HTML, neighbours and, for forms, fields.
    pub fn read(&self) -> String {
        let mut read = self.0.text();
        read.push_str(&self.0.html());
        for step in STEPS {
            read.push_str(&self.0.step(step, None).text());
        }
        read.push_str(&form::url_encoded(&self.0));
        read
    }
}
