//! Many members of one command, some at a time: where one is looked for after the other, nearly all of the time
//! goes by waiting for memory.

/// Members that are looked for together: as many loads as a core has under way at once.
pub const TOGETHER: usize = 16;

/// Hands items on in their order, some at a time.
pub(super) fn in_parts<T: Copy + Default>(
    mut items: impl Iterator<Item = T>,
    mut hand_on: impl FnMut(&[T]),
) {
    let mut part = [T::default(); TOGETHER];
    loop {
        let mut count = 0;
        for (slot, item) in part.iter_mut().zip(&mut items) {
            *slot = item;
            count += 1;
        }
        match part.get(..count) {
            None | Some([]) => return,
            Some(part) => hand_on(part),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_comes_once_and_in_order() {
        for count in [0, 1, 15, 16, 17, 100] {
            let (mut found, mut parts) = (Vec::new(), 0);
            in_parts(0..count, |part| {
                assert!(!part.is_empty());
                found.extend_from_slice(part);
                parts += 1;
            });
            assert_eq!(found, (0..count).collect::<Vec<usize>>());
            assert_eq!(parts, count.div_ceil(TOGETHER));
        }
    }
}
