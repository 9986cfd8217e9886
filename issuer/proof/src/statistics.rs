//! Whether two groups of durations can be told apart.
//!
//! Two tests, because a leak can have two shapes. Mann-Whitney finds that one group tends to be slower, by its ranks, so
//! that a few outliers, of which latencies are full, do not hide it as they would from a test of means. Kolmogorov-Smirnov
//! finds a difference anywhere in the distributions, such as one call in ten that does more. Which call belongs to which
//! group is shuffled, so that under "no difference" every order of labels is equally likely, and slow times of the machine
//! fall on both.

/// The value below which `part` of the values are; the nearest one that was measured.
pub(crate) fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index"
    )]
    let at = (part * last as f64).round() as usize;
    sorted.get(at.min(last)).copied().unwrap_or(0.0)
}

/// How two groups differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Difference {
    /// Standard deviations of Mann-Whitney's U from what it is without a difference; above zero where `a` is larger.
    pub(crate) z: f64,
    /// How often one of `a` is larger than one of `b`; 0.5 without a difference.
    pub(crate) larger: f64,
    /// The largest distance between the two distributions.
    pub(crate) distance: f64,
    /// How likely Kolmogorov-Smirnov's test finds that distance, or a larger one, without a difference.
    pub(crate) p: f64,
    /// The median of `a` less that of `b`.
    pub(crate) medians: f64,
}

impl Difference {
    /// Compares two groups, neither of them empty.
    pub(crate) fn of(a: &[f64], b: &[f64]) -> Self {
        let mut all: Vec<(f64, bool)> =
            a.iter().map(|&value| (value, true)).chain(b.iter().map(|&value| (value, false))).collect();
        all.sort_by(|left, right| left.0.total_cmp(&right.0));
        let (in_a, in_b) = (count(a.len()), count(b.len()));
        let (mut ranks, mut ties, mut distance) = (0.0, 0.0, 0.0_f64);
        let (mut below_a, mut below_b) = (0.0, 0.0);
        let mut rank = 0.0;
        for run in all.chunk_by(|left, right| left.0.total_cmp(&right.0).is_eq()) {
            let (size, of_a) = (count(run.len()), count(run.iter().filter(|(_, is_a)| *is_a).count()));
            // Equal values share the middle of their ranks.
            ranks += of_a * (rank + f64::midpoint(size, 1.0));
            ties += size.powi(3) - size;
            rank += size;
            below_a += of_a;
            below_b += size - of_a;
            distance = distance.max((below_a / in_a - below_b / in_b).abs());
        }
        let u = ranks - in_a * (in_a + 1.0) / 2.0;
        let all = in_a + in_b;
        let variance = in_a * in_b / 12.0 * ((all + 1.0) - ties / (all * (all - 1.0)));
        let z = if variance > 0.0 { (u - in_a * in_b / 2.0) / variance.sqrt() } else { 0.0 };
        Self {
            z,
            larger: u / (in_a * in_b),
            distance,
            p: kolmogorov(distance, in_a * in_b / all),
            medians: quantile(a, 0.5) - quantile(b, 0.5),
        }
    }

    /// Whether the groups can be told apart. Four standard deviations, or as unlikely a distance: without a difference
    /// each of the two is wrong about once in 16,000 runs.
    pub(crate) fn shows(&self) -> bool {
        self.z.abs() > 4.0 || self.p < 6.3e-5
    }
}

/// The tail of Kolmogorov's distribution, with Stephens' correction for a sample of this size.
fn kolmogorov(distance: f64, size: f64) -> f64 {
    let root = size.sqrt();
    let lambda = (root + 0.12 + 0.11 / root) * distance;
    if lambda < 0.2 {
        // The series does not converge there, and the value is 1 to twelve digits.
        return 1.0;
    }
    let terms = (1..=100_i32).map(|k| {
        let sign = if k % 2 == 1 { 1.0 } else { -1.0 };
        sign * (-2.0 * f64::from(k).powi(2) * lambda.powi(2)).exp()
    });
    (2.0 * terms.sum::<f64>()).clamp(0.0, 1.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts of measurements are small")]
fn count(of: usize) -> f64 {
    of as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(left: f64, right: f64, within: f64) {
        assert!((left - right).abs() < within, "{left} is not {right}");
    }

    /// Counted by hand, pair by pair and step by step.
    #[test]
    fn ranks_are_those_of_the_textbook() {
        let a = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
        let b = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.15, 1.29];
        let difference = Difference::of(&a, &b);
        // U = 58 of 81.
        close(difference.larger, 58.0 / 81.0, 1e-12);
        close(difference.z, 17.5 / (81.0_f64 / 12.0 * (19.0 - 12.0 / 306.0)).sqrt(), 1e-9);
        close(difference.distance, 6.0 / 9.0, 1e-9);
    }

    #[test]
    fn the_tail_is_that_of_the_tables() {
        // The 5 % and 1 % points of Kolmogorov's distribution, for a sample that needs no correction.
        let size = 1e12_f64;
        close(kolmogorov(1.358_10 / size.sqrt(), size), 0.05, 1e-4);
        close(kolmogorov(1.627_62 / size.sqrt(), size), 0.01, 1e-4);
        close(kolmogorov(0.0, 100.0), 1.0, 1e-12);
    }

    #[test]
    fn a_difference_is_seen_and_none_is_not() {
        // Two interleaved combs have the same distribution.
        let a: Vec<f64> = (0..5_000).map(|i| f64::from(i * 7919 % 5_000)).collect();
        let b: Vec<f64> = (0..5_000).map(|i| f64::from(i * 7907 % 5_000) + 0.5).collect();
        assert!(!Difference::of(&a, &b).shows());
        // All a little slower.
        let slower: Vec<f64> = b.iter().map(|value| value + 300.0).collect();
        assert!(Difference::of(&a, &slower).shows());
        // One in ten much slower, the others as before.
        let tail: Vec<f64> = b
            .iter()
            .enumerate()
            .map(|(at, value)| if at % 10 == 0 { value + 10_000.0 } else { *value })
            .collect();
        assert!(Difference::of(&a, &tail).shows());
    }

    #[test]
    fn a_quantile_is_a_value() {
        let values = [3.0, 1.0, 2.0];
        close(quantile(&values, 0.0), 1.0, 1e-12);
        close(quantile(&values, 0.5), 2.0, 1e-12);
        close(quantile(&values, 0.99), 3.0, 1e-12);
        close(quantile(&[], 0.5), 0.0, 1e-12);
    }
}
