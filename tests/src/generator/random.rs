//! A small seeded generator of numbers: the same seed gives the same dump on every machine and in every version.

/// SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Begins at a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream of its own for one object, so that objects do not depend on how many came before.
    pub fn of(seed: u64, stream: &str, at: usize) -> Self {
        let name =
            stream.bytes().fold(0_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let mut random = Self(seed ^ name.rotate_left(32) ^ (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        random.next();
        random
    }

    /// Any number.
    #[expect(clippy::should_implement_trait, reason = "an endless stream is no iterator")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or(0)
    }

    /// True in so many of a thousand cases.
    pub fn per_mille(&mut self, share: usize) -> bool {
        self.below(1000) < share
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    /// A rank below `limit` where rank k comes about 1/k as often as the first.
    pub fn zipf(&mut self, limit: usize) -> usize {
        let limit = limit.max(1) as f64;
        let share = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        // The inverse of ln(1 + x) / ln(1 + limit), the continuous form of the harmonic sum.
        let rank = (1.0 + limit).powf(share) - 1.0;
        (rank as usize).min(limit as usize - 1)
    }

    /// A version 4 UUID.
    pub fn uid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            (low >> 48) & 0x3fff | 0x8000,
            low & 0xffff_ffff_ffff
        )
    }

    /// So many small letters and digits, as Kubernetes makes name suffixes.
    pub fn suffix(&mut self, length: usize) -> String {
        const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        (0..length).filter_map(|_| self.pick(LETTERS).map(|letter| char::from(*letter))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn numbers_depend_on_the_seed_alone() {
        let mut one = Random::of(7, "claim", 3);
        let mut two = Random::of(7, "claim", 3);
        assert_eq!(one.uid(), two.uid());
        assert_ne!(Random::of(7, "claim", 4).uid(), Random::of(7, "claim", 3).uid());
        assert_ne!(Random::of(8, "claim", 3).uid(), Random::of(7, "claim", 3).uid());
        assert_ne!(Random::of(7, "volume", 3).uid(), Random::of(7, "claim", 3).uid());
    }

    #[test]
    fn low_ranks_come_most_often() {
        let mut random = Random::new(1);
        let mut counts = [0_usize; 20];
        for _ in 0..10_000 {
            counts[random.zipf(20)] += 1;
        }
        assert!(counts[0] > 3 * counts[5] && counts[5] > counts[19], "{counts:?}");
        assert!(counts[19] > 0);
    }
}
