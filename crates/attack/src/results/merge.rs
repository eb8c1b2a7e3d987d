//! Several inputs as one, by time, in bounded memory.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
    io,
};

use super::{Hit, Source, Step};

/// Hits of one input that may wait for earlier ones.
pub const WINDOW_HITS: usize = 10_000;

/// Bytes of their texts, bodies and headers that may wait.
pub const WINDOW_BYTES: usize = 16 << 20;

/// Takes of all sources the hit that was due first. The order within a source stays, so the whole is
/// in order when the sources are.
pub struct Merged<S> {
    sources: Vec<Head<S>>,
    /// The source that [`Source::advance`] was about.
    current: usize,
}

struct Head<S> {
    source: S,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Its hit is taken.
    Behind,
    /// Its next hit was due then.
    At(u64),
    Over,
}

impl<S: Source> Merged<S> {
    pub fn new(sources: Vec<S>) -> Merged<S> {
        let head = |source| Head { source, state: State::Behind };
        Merged { sources: sources.into_iter().map(head).collect(), current: 0 }
    }

    /// Which source, in the order given, the last step is from.
    pub fn current(&self) -> usize {
        self.current
    }
}

impl<S: Source> Source for Merged<S> {
    fn advance(&mut self) -> io::Result<Step> {
        if let Some(head) = self.sources.get_mut(self.current)
            && matches!(head.state, State::At(_))
        {
            head.state = State::Behind;
        }
        for (at, head) in self.sources.iter_mut().enumerate() {
            if head.state != State::Behind {
                continue;
            }
            self.current = at;
            match head.source.advance()? {
                Step::Hit => head.state = State::At(head.source.hit().scheduled.0),
                Step::Over => head.state = State::Over,
                step => return Ok(step),
            }
        }
        let due = |(at, head): (usize, &Head<S>)| match head.state {
            State::At(time) => Some((time, at)),
            State::Behind | State::Over => None,
        };
        Ok(match self.sources.iter().enumerate().filter_map(due).min() {
            Some((_, at)) => {
                self.current = at;
                Step::Hit
            }
            None => Step::Over,
        })
    }

    fn hit(&self) -> Hit<'_> {
        self.sources.get(self.current).map_or_else(Hit::default, |head| head.source.hit())
    }
}

/// Puts the hits of a source into the order in which they were due, as far as a window of
/// [`WINDOW_HITS`] or [`WINDOW_BYTES`] reaches: results are written when responses come.
pub struct Ordered<S> {
    source: S,
    waiting: BinaryHeap<Waiting>,
    bytes: usize,
    /// Hits so far: those of the same time keep their order.
    count: u64,
    is_over: bool,
    hit: Hit<'static>,
}

struct Waiting {
    order: Reverse<(u64, u64)>,
    bytes: usize,
    hit: Hit<'static>,
}

impl<S: Source> Ordered<S> {
    pub fn new(source: S) -> Ordered<S> {
        Ordered {
            source,
            waiting: BinaryHeap::new(),
            bytes: 0,
            count: 0,
            is_over: false,
            hit: Hit::default(),
        }
    }

    fn push(&mut self) {
        let hit = self.source.hit();
        let bytes = size(&hit);
        let order = Reverse((hit.scheduled.0, self.count));
        self.waiting.push(Waiting { order, bytes, hit: hit.into_owned() });
        self.count += 1;
        self.bytes += bytes;
    }
}

impl<S: Source> Source for Ordered<S> {
    fn advance(&mut self) -> io::Result<Step> {
        while !self.is_over && self.waiting.len() < WINDOW_HITS && self.bytes < WINDOW_BYTES {
            match self.source.advance()? {
                Step::Hit => self.push(),
                Step::Over => self.is_over = true,
                step => return Ok(step),
            }
        }
        let Some(first) = self.waiting.pop() else { return Ok(Step::Over) };
        self.bytes -= first.bytes;
        self.hit = first.hit;
        Ok(Step::Hit)
    }

    fn hit(&self) -> Hit<'_> {
        self.hit.borrowed()
    }
}

fn size(hit: &Hit<'_>) -> usize {
    let headers: usize = hit.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    let texts = hit.attack.len() + hit.error.len() + hit.method.len() + hit.url.len();
    texts + hit.body.len() + headers
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Waiting) -> bool {
        self.order == other.order
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Waiting) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Waiting) -> Ordering {
        self.order.cmp(&other.order)
    }
}
