//! Times and rates of a few rounds, and how they are told.

use std::time::Duration;

/// The times of one round in ms, sorted. There is at least one.
pub struct Times(Vec<f64>);

impl Times {
    pub fn of(times: impl IntoIterator<Item = Duration>) -> Self {
        let mut times: Vec<_> = times.into_iter().map(ms).collect();
        times.sort_by(f64::total_cmp);
        Self(times)
    }

    /// So many per cent were no later.
    pub fn at(&self, percent: usize) -> f64 {
        let many = (self.0.len() * percent).div_ceil(100);
        self.0[many.saturating_sub(1)]
    }
}

pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The median of a figure of all rounds.
pub fn median<R>(rounds: &[R], figure: impl Fn(&R) -> f64) -> f64 {
    let mut figures: Vec<_> = rounds.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// A line of a table, with the unit in the heading.
pub fn line(name: &str, figures: &[f64]) {
    print!("{name:<46}");
    for figure in figures {
        let decimals = if *figure < 10.0 { 2 } else { 0 };
        print!("{figure:>12.decimals$}");
    }
    println!();
}

/// The names above the figures.
pub fn heading(name: &str, figures: &[&str]) {
    print!("{name:<46}");
    for figure in figures {
        print!("{figure:>12}");
    }
    println!();
}
