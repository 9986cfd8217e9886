//! What a token costs beside the bare signature, on a machine that does other things too.
//!
//! The two sides take turns in blocks of under a millisecond, so that both meet the same weather; each pair of blocks gives a
//! ratio, and the median of many is printed. Where in memory the stack begins is another place in each process and alone
//! makes some per cent of a signature's time, so that each pair of blocks runs at another depth of it. With `--check` the
//! exit status is 1 where a bound is broken. Clocks are noisy, so that no test depends on it. `cargo xtask bench peers`
//! measures more, with less of what the token holds: here it has a subject, which is compared.

use kycvs_benches::Sides;
use std::{
    hint::black_box,
    process::ExitCode,
    time::{Duration, Instant},
};

/// Calls in a block, pairs of blocks in a run.
const BLOCK: u32 = 16;
const ROUNDS: usize = 3_000;

/// A prime, so that each depth meets either side first; enough to come through a page of memory.
const DEPTHS: usize = 61;

/// Two sides of one comparison.
struct Comparison<'a> {
    name: &'static str,
    token: &'a dyn Fn(),
    bare: &'a dyn Fn(),
    at_most: f64,
}

fn main() -> ExitCode {
    let check = std::env::args().any(|argument| argument == "--check");
    let sides = Sides::new().expect("the example of SPEC.md");
    sides.prepare();
    let comparisons = [
        Comparison {
            name: "verify / verify_strict",
            token: &|| drop(black_box(black_box(&sides).verify())),
            bare: &|| _ = black_box(black_box(&sides).verify_strict()),
            at_most: 0.95,
        },
        Comparison {
            name: "prepared / verify_strict",
            token: &|| drop(black_box(black_box(&sides).verify_prepared())),
            bare: &|| _ = black_box(black_box(&sides).verify_strict()),
            at_most: 0.55,
        },
        Comparison {
            name: "issue / sign",
            token: &|| drop(black_box(black_box(&sides).issue())),
            bare: &|| _ = black_box(black_box(&sides).sign()),
            at_most: 1.10,
        },
    ];
    let mut broken = false;
    for comparison in &comparisons {
        broken |= !comparison.run();
    }
    if check && broken { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

impl Comparison<'_> {
    /// Prints the medians, and tells whether the bound holds.
    fn run(&self) -> bool {
        let (mut token, mut bare, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS + ROUNDS / 10 {
            // Who is first changes, so that what the one leaves in the caches helps both alike.
            let (one, other) = if round % 2 == 0 {
                let one = at_depth(round % DEPTHS, self.token);
                (one, at_depth(round % DEPTHS, self.bare))
            } else {
                let other = at_depth(round % DEPTHS, self.bare);
                (at_depth(round % DEPTHS, self.token), other)
            };
            // The first tenth warms up.
            if round >= ROUNDS / 10 {
                token.push(one);
                bare.push(other);
                ratios.push(one / other);
            }
        }
        let [token, bare, ratio] = [token, bare, ratios].map(median);
        let holds = ratio <= self.at_most;
        let word = if holds { "" } else { "  OVER" };
        println!(
            "{:24} {:>8.2} us  {:>8.2} us   ratio {ratio:.4}, at most {:.2}{word}",
            self.name,
            token * 1e6,
            bare * 1e6,
            self.at_most
        );
        holds
    }
}

/// A block with so many frames more on the stack.
#[inline(never)]
fn at_depth(depth: usize, call: &dyn Fn()) -> f64 {
    let padding = black_box([0_u8; 64]);
    let took = if depth == 0 { block(call) } else { at_depth(depth - 1, call) };
    black_box(padding);
    took
}

/// Seconds for one call, over a block of them.
fn block(call: &dyn Fn()) -> f64 {
    let start = Instant::now();
    for _ in 0..BLOCK {
        call();
    }
    let took: Duration = start.elapsed();
    took.as_secs_f64() / f64::from(BLOCK)
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
