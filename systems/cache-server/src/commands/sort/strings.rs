//! Byte strings by number, in pieces that never move: what SORT has copied.

/// Bytes of a piece; a longer string has one of its own.
const PIECE_BYTES: usize = 256 << 10;
/// In place of a piece, for a string that is not there.
const NOWHERE: u32 = u32::MAX;

#[derive(Debug, Default)]
pub(super) struct Strings {
    pieces: Vec<Vec<u8>>,
    spots: Vec<Spot>,
}

#[derive(Clone, Copy, Debug)]
struct Spot {
    piece: u32,
    start: u32,
    length: u32,
}

impl Strings {
    /// Room for so many, so that those that are there need not be moved.
    pub(super) fn reserve(&mut self, count: usize) {
        self.spots.reserve_exact(count);
    }

    pub(super) fn len(&self) -> usize {
        self.spots.len()
    }

    /// Adds a string, or that there is none; its number is how many there were.
    pub(super) fn push(&mut self, string: Option<&[u8]>) {
        let Some(string) = string else {
            self.spots.push(Spot { piece: NOWHERE, start: 0, length: 0 });
            return;
        };
        let has_room = |piece: &Vec<u8>| piece.len() + string.len() <= PIECE_BYTES;
        if !self.pieces.last().is_some_and(has_room) {
            self.pieces.push(Vec::new());
        }
        let piece = self.pieces.len().saturating_sub(1);
        if let Some(last) = self.pieces.last_mut() {
            // None is longer than a value may be, and no piece is as long as that.
            let (start, length) = (last.len() as u32, string.len() as u32);
            last.extend_from_slice(string);
            self.spots.push(Spot { piece: piece as u32, start, length });
        }
    }

    pub(super) fn get(&self, number: u32) -> Option<&[u8]> {
        let spot = self.spots.get(number as usize)?;
        let piece = self.pieces.get(spot.piece as usize)?;
        piece.get(spot.start as usize..)?.get(..spot.length as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_come_back() {
        let long = vec![b'x'; PIECE_BYTES + 1];
        let given: [Option<&[u8]>; 6] =
            [Some(b"a"), None, Some(b""), Some(&long), Some(b"b"), Some(&long)];
        let mut strings = Strings::default();
        given.iter().for_each(|string| strings.push(*string));
        let found: Vec<_> = (0..6).map(|number| strings.get(number)).collect();
        assert!(found == given && strings.len() == 6 && strings.get(6).is_none());
        assert_eq!(strings.pieces.len(), 4);
    }
}
