//! Numbers for names that must be unique: the same ones in each run, as PCG-DXSM gives them.

/// The state of a sequence.
pub(super) struct Pcg(u128);

impl Pcg {
    pub(super) fn new(high: u64, low: u64) -> Self {
        Self((u128::from(high) << 64) | u128::from(low))
    }

    fn next(&mut self) -> u64 {
        const FACTOR: u128 = (2_549_297_995_355_413_924 << 64) | 4_865_540_595_714_422_341;
        const STEP: u128 = (6_364_136_223_846_793_005 << 64) | 1_442_695_040_888_963_407;
        self.0 = self.0.wrapping_mul(FACTOR).wrapping_add(STEP);
        let (mut high, low) = ((self.0 >> 64) as u64, self.0 as u64);
        high ^= high >> 32;
        high = high.wrapping_mul(0xda94_2042_e4dd_58b5);
        high ^= high >> 48;
        high.wrapping_mul(low | 1)
    }

    /// A number below a bound that is not 0, each with the same probability.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        if bound.is_power_of_two() {
            return self.next() & (bound - 1);
        }
        let rejected = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.next()) * u128::from(bound);
            if product as u64 >= rejected {
                return (product >> 64) as u64;
            }
        }
    }
}
