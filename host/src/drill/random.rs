//! Chance that can be repeated: the same seed gives the same drill on every machine.

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014): eight
/// bytes of state, and any seed is a good one.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Starts from a seed.
    ///
    /// ```
    /// use twinguard::drill::random::Random;
    ///
    /// let mut random = Random::new(1234567);
    /// assert_eq!(random.number(), 6_457_827_717_110_365_317); // the published test value
    /// ```
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Starts from a seed and texts, so that what is drawn for them does not depend on what else
    /// is drilled, on its order, or on how many threads do it.
    #[must_use]
    pub fn of<'a>(seed: u64, texts: impl Iterator<Item = &'a str>) -> Self {
        // FNV-1a: stable by definition, which the standard library's hashes are not.
        let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        let hash = texts.flat_map(|text| text.bytes().chain([0xff])).fold(0xcbf2_9ce4_8422_2325, fold);
        Self(hash ^ Self(seed).number())
    }

    /// The next 64 bits.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`; 0 when there is none.
    pub fn below(&mut self, limit: usize) -> usize {
        // The bias of a remainder is below 2^-40 for any list that fits into memory here.
        let limit = u64::try_from(limit).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.number() % limit).unwrap_or(0)
    }

    /// One of them, if there are any.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    /// Puts them into any order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }
}
