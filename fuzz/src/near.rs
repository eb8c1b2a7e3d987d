//! Inputs near what a parser expects: a seed with a few changes.
//!
//! Random bytes end at a parser's first check; a seed with some bytes changed, a piece repeated or
//! cut, a word of the format put in or another seed's end put on gets behind it.

use std::fmt;

use bolero::{TypeGenerator, ValueGenerator, produce};

/// Changes to one input: few, so that much of the seed is left.
const CHANGES_MAX: usize = 8;
/// Bytes of one input: enough for the limits that parsers have on lines.
const LENGTH_MAX: usize = 100 << 10;

/// What inputs of a target are made from.
pub(crate) struct Corpus {
    /// Valid inputs, most of them.
    pub(crate) seeds: Vec<Vec<u8>>,
    /// Words of the format and edges of its numbers.
    pub(crate) words: &'static [&'static str],
}

impl Corpus {
    pub(crate) fn of_texts(seeds: &[&str], words: &'static [&'static str]) -> Corpus {
        Corpus { seeds: seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect(), words }
    }

    /// Inputs as bytes.
    pub(crate) fn bytes(self) -> impl ValueGenerator<Output = Bytes> {
        let changes = produce::<Vec<Change>>().with().len(0..=CHANGES_MAX);
        (produce::<u8>(), changes).map_gen(move |(seed, changes): (u8, Vec<Change>)| {
            let mut bytes = pick(&self.seeds, seed).cloned().unwrap_or_default();
            for change in &changes {
                self.apply(change, &mut bytes);
                bytes.truncate(LENGTH_MAX);
            }
            Bytes(bytes)
        })
    }

    /// Inputs as text; what is no UTF-8 any more is replaced.
    pub(crate) fn text(self) -> impl ValueGenerator<Output = String> {
        self.bytes().map_gen(|bytes| String::from_utf8_lossy(&bytes.0).into_owned())
    }

    fn apply(&self, change: &Change, bytes: &mut Vec<u8>) {
        let within = |at: u16| usize::from(at) % (bytes.len() + 1);
        match *change {
            Change::Word { at, word } => {
                let at = within(at);
                let word = pick(self.words, word).map_or(&[][..], |word| word.as_bytes());
                bytes.splice(at..at, word.iter().copied());
            }
            Change::Byte { at, to } => {
                let at = within(at);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = to;
                }
            }
            Change::Cut { at, length } => {
                let at = within(at);
                let end = (at + usize::from(length)).min(bytes.len());
                bytes.drain(at..end);
            }
            Change::Repeat { at, length, times } => {
                let at = within(at);
                let end = (at + usize::from(length)).min(bytes.len());
                let again = bytes.get(at..end).unwrap_or_default().repeat(usize::from(times));
                bytes.splice(end..end, again);
            }
            Change::Splice { at, seed, from } => {
                bytes.truncate(within(at));
                let other = pick(&self.seeds, seed).map_or(&[][..], Vec::as_slice);
                let from = usize::from(from) % (other.len() + 1);
                bytes.extend_from_slice(other.get(from..).unwrap_or_default());
            }
        }
    }
}

/// An input, printed as a byte string that a test can take over.
#[derive(Clone)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

/// One change; positions and choices wrap around.
#[derive(Clone, Debug, TypeGenerator)]
enum Change {
    Word {
        at: u16,
        word: u8,
    },
    Byte {
        at: u16,
        to: u8,
    },
    Cut {
        at: u16,
        length: u8,
    },
    Repeat {
        at: u16,
        length: u8,
        times: u8,
    },
    /// Goes on from there as another seed does.
    Splice {
        at: u16,
        seed: u8,
        from: u16,
    },
}

/// Where an input is cut into pieces.
#[derive(Clone, Debug, TypeGenerator)]
pub(crate) enum Split {
    Every(u8),
    At(#[generator(produce::<Vec<u16>>().with().len(0..12usize))] Vec<u16>),
}

/// Pieces of one input at most: each is parsed anew.
const PIECES_MAX: usize = 2_000;

impl Split {
    pub(crate) fn pieces<'a>(&self, bytes: &'a [u8]) -> Vec<&'a [u8]> {
        match self {
            Split::Every(length) => {
                let length = usize::from(*length).max(bytes.len() / PIECES_MAX).max(1);
                bytes.chunks(length).collect()
            }
            Split::At(cuts) => {
                let at = |cut: &u16| usize::from(*cut) % (bytes.len() + 1);
                let mut cuts: Vec<usize> = cuts.iter().map(at).collect();
                cuts.extend([0, bytes.len()]);
                cuts.sort_unstable();
                let pieces = cuts.windows(2).filter_map(|pair| bytes.get(pair[0]..pair[1]));
                pieces.collect()
            }
        }
    }
}

pub(crate) fn pick<T>(from: &[T], choice: u8) -> Option<&T> {
    from.get(usize::from(choice) % from.len().max(1))
}
