//! A made-up hand: pointer samples like those of real devices, the same ones for the same seed.
//!
//! Plain tuples `(ms, x, y, pressure)` in board units, so that unit tests and benches can both include it.

/// When, where (in 1/64 px), how hard.
pub(crate) type Raw = (u64, i32, i32, u8);

/// A stylus at 120 Hz with pressure: running loops, from slow to 2000 px/s, with a slight tremor.
pub(crate) fn pen(seed: u64, samples: u32) -> Vec<Raw> {
    let mut dice = Dice(seed.wrapping_mul(977) + 1);
    let size = 20.0 + 120.0 * dice.roll();
    // Radians a second: the peak speed is about size * pace.
    let pace = (60.0 + 1940.0 * dice.roll()) / size;
    let slant = dice.roll() - 0.5;
    (0..samples)
        .map(|i| {
            let t = f64::from(i) / 120.0;
            let turn = pace * t + 0.4 * (1.7 * t).sin();
            let up = size * turn.sin();
            let x = 0.3 * size * turn
                + 0.6 * size * (turn * 1.01).cos()
                + slant * up
                + 0.3 * (dice.roll() - 0.5);
            let y = up + 0.3 * (dice.roll() - 0.5);
            let begin = (f64::from(i + 1) / 12.0).min(1.0);
            let end = (f64::from(samples - i) / 12.0).min(1.0);
            let press = 255.0 * (0.6 + 0.25 * turn.sin()) * begin * end + 4.0 * dice.roll();
            (
                u64::from(i) * 25 / 3,
                units(x),
                units(y),
                (press as u8).max(1),
            )
        })
        .collect()
}

/// A mouse at 125 Hz: whole pixels, no pressure.
pub(crate) fn mouse(seed: u64, samples: u32) -> Vec<Raw> {
    let whole = |units: i32| (units + 32).div_euclid(64) * 64;
    pen(seed, samples)
        .into_iter()
        .zip(0..)
        .map(|((_, x, y, _), i)| (i * 8, whole(x), whole(y), 0))
        .collect()
}

fn units(px: f64) -> i32 {
    (px * 64.0).round() as i32
}

/// A small linear congruential generator: quality does not matter here, sameness does.
struct Dice(u64);

impl Dice {
    /// 0 to 1.
    fn roll(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / f64::from(1 << 24)
    }
}
