//! Blocks to hits, fed in pieces of any size. Damage is reported and passed over.

use memchr::memmem;

use super::{
    BLOCK_LIMIT, End, HEAD, MAGIC, Start, VERSION, checksum,
    hits::{Hits, Wrong},
    kind, marks,
};
use crate::results::{Damage, Hit};

/// Where a head has its kind.
const KIND_AT: usize = MAGIC.len() + 1;

const CUT: Wrong = "the stream is cut";

/// What [`Decoder::advance`] came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// [`Decoder::hit`] has it.
    Hit,
    Start(Start),
    End(End),
    Damage(Damage),
    /// There is nothing more in the bytes fed so far.
    Hungry,
}

/// Gives the hits of a stream, and what it says of itself.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that have been taken.
    taken: usize,
    /// Bytes of the stream before `buffer`.
    before: u64,
    /// Nothing more will be fed.
    is_final: bool,
    hits: Hits,
    /// Bytes being passed over: why, and where they start.
    damage: Option<(Wrong, u64)>,
}

/// A whole block, or why there is none.
enum Found {
    /// Its kind, and the length of its content.
    Block(u8, usize),
    /// More bytes are needed.
    Partial,
    Wrong(Wrong),
}

impl Decoder {
    pub fn new() -> Decoder {
        Decoder::default()
    }

    /// Adds the next bytes. Take everything before adding more, then memory is at most that of two
    /// blocks and one piece.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.taken);
        self.before += self.taken as u64;
        self.taken = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Says that there are no more bytes; a last block that is cut then gives its whole hits.
    pub fn finish(&mut self) {
        self.is_final = true;
    }

    /// Whether [`Decoder::finish`] was called.
    pub fn is_finished(&self) -> bool {
        self.is_final
    }

    /// Goes to what comes next. [`Next::Hungry`] after [`Decoder::finish`] is the end.
    pub fn advance(&mut self) -> Next {
        loop {
            match self.hits.advance() {
                Ok(true) => return Next::Hit,
                Ok(false) => {}
                Err(what) => {
                    // The block has been taken: only the rest of it is lost.
                    let skipped = self.hits.clear() as u64;
                    let offset = self.offset().saturating_sub(skipped);
                    return Next::Damage(Damage { what: what.into(), offset, skipped });
                }
            }
            if self.damage.is_some() && !self.find_magic() {
                return Next::Hungry;
            }
            match self.find_block() {
                Found::Wrong(wrong) => self.pass_over(wrong),
                Found::Partial if !self.is_final => return Next::Hungry,
                found => {
                    if let Some((what, offset)) = self.damage.take() {
                        let skipped = self.offset().saturating_sub(offset);
                        return Next::Damage(Damage { what: what.into(), offset, skipped });
                    }
                    match found {
                        Found::Block(kind, length) => {
                            if let Some(next) = self.take_block(kind, length) {
                                return next;
                            }
                        }
                        _ if self.rest().is_empty() => return Next::Hungry,
                        _ => self.take_cut_block(),
                    }
                }
            }
        }
    }

    /// The hit that [`Decoder::advance`] came to last.
    pub fn hit(&self) -> Hit<'_> {
        self.hits.hit()
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.taken..).unwrap_or_default()
    }

    fn find_block(&self) -> Found {
        let rest = self.rest();
        let seen = rest.len().min(MAGIC.len());
        if rest.get(..seen) != MAGIC.get(..seen) {
            return Found::Wrong("no block of results");
        }
        let Some((head, content)) = rest.split_first_chunk::<HEAD>() else { return Found::Partial };
        let [.., version, kind, l0, l1, l2, l3, c0, c1, c2, c3] = *head;
        if version == 0 || version > VERSION {
            return Found::Wrong("a block of a newer plimsoll");
        }
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        if length > BLOCK_LIMIT {
            return Found::Wrong("a block that is too long");
        }
        let Some(content) = content.get(..length) else { return Found::Partial };
        if checksum(version, kind, content) != u32::from_le_bytes([c0, c1, c2, c3]) {
            return Found::Wrong("a damaged block");
        }
        Found::Block(kind, length)
    }

    /// Takes a block whose checksum is right; `None` when it is one of hits or to be skipped.
    fn take_block(&mut self, kind: u8, length: usize) -> Option<Next> {
        let (start, offset) = (self.taken + HEAD, self.offset());
        let content = self.buffer.get(start..start + length).unwrap_or_default();
        self.taken = start + length;
        let next = match kind {
            kind::HITS => {
                self.hits.start(content, true);
                return None;
            }
            kind::START => marks::parse(content).map(Next::Start),
            kind::END => marks::parse(content).map(Next::End),
            kind::OPTIONAL.. => return None,
            _ => None,
        };
        let skipped = (HEAD + length) as u64;
        let what = "a block that makes no sense";
        Some(next.unwrap_or(Next::Damage(Damage { what: what.into(), offset, skipped })))
    }

    /// The stream ends within this block. Its whole hits are good, unless its length is damaged:
    /// then there is another block within it.
    fn take_cut_block(&mut self) {
        let rest = self.buffer.get(self.taken..).unwrap_or_default();
        let is_last = memmem::find(rest.get(1..).unwrap_or_default(), MAGIC).is_none();
        match rest.split_first_chunk::<HEAD>() {
            Some((head, content)) if is_last && head.get(KIND_AT) == Some(&kind::HITS) => {
                self.hits.start(content, false);
                let used = HEAD + self.hits.length();
                self.damage = Some((CUT, self.before + (self.taken + used) as u64));
                self.taken = self.buffer.len();
            }
            _ => self.pass_over(CUT),
        }
    }

    /// One byte is none of a block; what follows is looked through for the next magic number.
    fn pass_over(&mut self, wrong: Wrong) {
        let offset = self.offset();
        self.damage.get_or_insert((wrong, offset));
        self.taken += 1;
    }

    /// Goes to the next magic number, or to the end when there is none; false when it may yet come.
    fn find_magic(&mut self) -> bool {
        let length = self.buffer.len();
        match memmem::find(self.rest(), MAGIC) {
            Some(at) => self.taken += at,
            None if self.is_final => self.taken = length,
            None => {
                self.taken = self.taken.max((length + 1).saturating_sub(MAGIC.len()));
                return false;
            }
        }
        true
    }

    /// Where in the stream the rest starts.
    fn offset(&self) -> u64 {
        self.before + self.taken as u64
    }
}
