//! Positions by the hash of what they are found by: two places of memory a question, however many there are.

/// A list sorted by a hash, with where each part of it begins. Whoever finds something compares the names themselves.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    entries: Vec<(u64, u32)>,
    /// Where the entries begin whose hashes begin so, and one end more.
    starts: Vec<u32>,
    shift: u32,
}

/// Spreads what tells similar names apart over the upper bits, which choose the part.
fn spread(hash: u64) -> u64 {
    hash.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Lookup {
    /// Positions with their hashes; what has no place in 32 bits is left out.
    pub(super) fn of(pairs: impl Iterator<Item = (usize, u64)>) -> Self {
        let place = |(at, hash)| Some((spread(hash), u32::try_from(at).ok()?));
        let mut entries: Vec<(u64, u32)> = pairs.filter_map(place).collect();
        entries.sort_unstable();
        let bits = entries.len().next_power_of_two().trailing_zeros().clamp(1, 24);
        let shift = 64 - bits;
        let mut starts = Vec::with_capacity((1 << bits) + 1);
        for (at, (hash, _)) in (0_u32..).zip(&entries) {
            while starts.len() as u64 <= hash >> shift {
                starts.push(at);
            }
        }
        starts.resize((1 << bits) + 1, u32::try_from(entries.len()).unwrap_or(u32::MAX));
        Self { entries, starts, shift }
    }

    /// The positions of that hash, ascending.
    pub(super) fn at(&self, hash: u64) -> impl Iterator<Item = u32> {
        let hash = spread(hash);
        let start = |part: u64| {
            let at = usize::try_from(part).ok().and_then(|part| self.starts.get(part));
            at.map_or(0, |at| usize::try_from(*at).unwrap_or(usize::MAX))
        };
        let part = hash.checked_shr(self.shift).unwrap_or(0);
        let found = self.entries.get(start(part)..start(part.saturating_add(1))).unwrap_or_default();
        found.iter().filter(move |(own, _)| *own == hash).map(|(_, at)| *at)
    }

    /// True where nothing can be found.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::Lookup;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_in_is_found_in_order_and_nothing_else(hashes in prop::collection::vec(prop_oneof![0_u64..9, any::<u64>()], 0..300)) {
            let lookup = Lookup::of(hashes.iter().copied().enumerate());
            for hash in hashes.iter().copied().chain([0, 8, 9, u64::MAX]) {
                let all = hashes.iter().enumerate().filter(|(_, own)| **own == hash);
                let expected: Vec<u32> = all.map(|(at, _)| u32::try_from(at).unwrap()).collect();
                prop_assert_eq!(lookup.at(hash).collect::<Vec<_>>(), expected);
            }
            prop_assert_eq!(lookup.is_empty(), hashes.is_empty());
        }
    }
}
