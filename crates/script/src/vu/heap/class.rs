//! Sizes of blocks: steps of 8 bytes for the many small ones, wider ones above.

/// Blocks above this size, in bytes, are not ours.
pub(super) const LARGEST: usize = 1024;

/// How many sizes there are.
pub(super) const COUNT: usize = 64;

/// One size of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Class(u8);

impl Class {
    /// The smallest class with room for `size` bytes, if any has.
    pub(super) fn of(size: usize) -> Option<Class> {
        let index = match size {
            0..=8 => 0,
            9..=256 => size.div_ceil(8) - 1,
            257..=512 => 32 + (size - 256).div_ceil(16) - 1,
            513..=LARGEST => 48 + (size - 512).div_ceil(32) - 1,
            _ => return None,
        };
        Some(Class(index as u8))
    }

    /// Below [`COUNT`].
    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Bytes of each block.
    pub(super) fn block_size(self) -> usize {
        let index = self.index();
        match index {
            0..32 => (index + 1) * 8,
            32..48 => 256 + (index - 31) * 16,
            _ => 512 + (index - 47) * 32,
        }
    }
}
