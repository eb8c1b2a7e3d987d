//! Telling the processor which memory will be read soon.

/// Begins to load the cache line that `place` lies in, where the processor can do that. Changes nothing
/// but the time that a later read takes.
#[inline]
pub fn prefetch<T>(place: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

        #[expect(unsafe_code, reason = "no safe call prefetches")]
        // SAFETY: the instruction is in every x86-64, reads nothing that anybody could see, and does not
        // fault; the address is that of a reference.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(place).cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = place;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_prefetched_stays_as_it_is() {
        let bytes = vec![7_u8; 4096];
        bytes.iter().for_each(prefetch);
        assert!(bytes.iter().all(|byte| *byte == 7));
    }
}
