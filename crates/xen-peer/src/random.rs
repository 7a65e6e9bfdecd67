//! Numbers that look random and are the same for the same seed, on every machine and for ever.

/// A generator of the kind `SplitMix64`: small, quick, and without state beyond one number.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The generator of case `number` of a run that began with `seed`: each case can be made again alone.
    #[must_use]
    pub fn of_case(seed: u64, number: u64) -> Self {
        let mut random = Self(seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        random.bits();
        random
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which must not be 0.
    pub fn below(&mut self, limit: usize) -> usize {
        // The bias of the remainder is far below what any test here could notice.
        usize::try_from(self.bits() % limit as u64).unwrap_or_default()
    }

    /// Yes, once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of the items, which must not be none.
    pub fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }

    /// A few of something: mostly few, sometimes up to `limit`.
    pub fn few(&mut self, limit: usize) -> usize {
        let upper = if self.once_in(8) { limit } else { limit.min(4) };
        self.below(upper + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_for_the_same_case() {
        let bits = |seed, case| Random::of_case(seed, case).bits();
        assert_eq!(bits(1, 2), bits(1, 2));
        assert_ne!(bits(1, 2), bits(1, 3));
        assert_ne!(bits(1, 2), bits(2, 2));
    }
}
