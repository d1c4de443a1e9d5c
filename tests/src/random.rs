//! Choices that look random and repeat: a failure is found again by its seed.

/// A sequence of numbers made from a seed (SplitMix64).
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of the seed in `WINDLASS_TEST_SEED`, or of the test's own; prints which.
    pub fn new(seed: u64) -> Self {
        let given = std::env::var("WINDLASS_TEST_SEED").ok();
        let seed = given.and_then(|text| text.parse().ok()).unwrap_or(seed);
        println!("WINDLASS_TEST_SEED={seed}");
        Self(seed)
    }

    /// A number from 0 to below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let scaled = u128::from(mixed ^ (mixed >> 31)) * end as u128;
        usize::try_from(scaled >> 64).expect("it is below a usize")
    }
}
