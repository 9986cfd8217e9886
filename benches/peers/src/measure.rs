//! Measuring in turns.
//!
//! Each row runs in blocks of about a millisecond. Right before and right after each block runs a block of its reference
//! (`verify_strict` or `sign`), so that all three meet the same weather. Each block gives two ratios, to either of the
//! two, and the median of all is the figure: what changes steadily, as the clock of a processor does with what it
//! computes, cancels out. Which row begins a round alternates. Where in memory the stack begins is another place in each
//! process and alone makes some per cent of a signature's time, so that the blocks run at many depths of it.
//!
//! Before a block, a row comes through all tokens once, and so through its tables, ours or another library's, as at a gate
//! that does nothing else. The references, a key without tables and issuing run half a block before, but more blocks: see
//! [`Row::in_short_runs`].
//!
//! What one thread does is measured in its processor time, so that being interrupted does not count: it would hit the
//! long blocks of a bulk more than the short ones beside them. What all cores do is measured by the clock on the wall, in
//! blocks of some dozen milliseconds, as of a gateway that is busy: where threads have slept, systems take milliseconds to
//! spread them over the cores again.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use cpu_time::ThreadTime;
use serde::{Deserialize, Serialize};

use crate::answer::TOKENS;

/// What a row is held against.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// `verify_strict`
    Verify,
    /// `sign`
    Issue,
}

/// What time is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// What this thread had a processor for.
    Processor,
    /// What passed.
    Wall,
}

/// One thing to measure.
pub(crate) struct Row {
    /// Names it in the bounds and tables.
    pub(crate) id: String,
    pub(crate) kind: Kind,
    /// How many tokens or signatures one call does.
    pub(crate) tokens: u32,
    pub(crate) clock: Clock,
    /// So many calls at least run uncounted before a block; half a block in any case.
    pub(crate) warming: usize,
    /// So many blocks in a round.
    pub(crate) blocks: usize,
    /// Runs uncounted before a block and that: see [`Row::just_received`].
    pub(crate) receive: Option<Call>,
    pub(crate) call: Call,
}

pub(crate) type Call = Box<dyn Fn() + Send + Sync>;

impl Row {
    pub(crate) fn verify(id: &str, call: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            id: id.to_owned(),
            kind: Kind::Verify,
            tokens: 1,
            clock: Clock::Processor,
            warming: TOKENS,
            blocks: 1,
            receive: None,
            call: Box::new(call),
        }
    }

    pub(crate) fn issue(id: &str, call: impl Fn() + Send + Sync + 'static) -> Self {
        Self { kind: Kind::Issue, ..Self::verify(id, call) }.in_short_runs()
    }

    /// One call does so many.
    pub(crate) fn of(self, tokens: usize) -> Self {
        Self {
            tokens: u32::try_from(tokens).expect("not so many"),
            warming: self.warming.div_ceil(tokens),
            ..self
        }
    }

    /// Runs half a block before each block, and not all tokens: a key that is new has tables after 64 good tokens, and so is
    /// never long without; what it is held against runs as short; and each signature that is made comes through the whole
    /// of its library's table. That takes little time, so that a round has several such blocks.
    pub(crate) fn in_short_runs(self) -> Self {
        Self { warming: 0, blocks: 4, ..self }
    }

    /// `read` reads what the calls are given, before each block: a gate has just received what it verifies. The messages
    /// of the bare signatures are in the caches at all times, for the reference, which reads them, runs beside every row;
    /// and a row that comes through all tokens before a block has read its own.
    pub(crate) fn just_received(self, read: impl Fn() + Send + Sync + 'static) -> Self {
        Self { receive: Some(Box::new(read)), ..self }
    }
}

/// What came out for a row: medians.
#[derive(Serialize, Deserialize)]
pub(crate) struct Figure {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    /// Seconds a token.
    pub(crate) time: f64,
    /// Over the reference.
    pub(crate) ratio: f64,
    /// Blocks of it, each between two of the reference.
    pub(crate) blocks: usize,
}

/// All figures of a run.
#[derive(Serialize, Deserialize)]
pub(crate) struct Results(pub(crate) Vec<Figure>);

impl Results {
    pub(crate) fn get(&self, id: &str) -> Option<&Figure> {
        self.0.iter().find(|figure| figure.id == id)
    }
}

/// The rows that the others are held against.
pub(crate) const VERIFY_STRICT: &str = "ed25519-dalek verify_strict";
pub(crate) const SIGN: &str = "ed25519-dalek sign";

/// How long a block is, about.
const BLOCK: Duration = Duration::from_micros(800);
/// Of all cores.
const BLOCK_OF_ALL: Duration = Duration::from_millis(40);
/// Beside a long block, the reference's is longer too, up to this.
const LONG_BLOCK: Duration = Duration::from_millis(4);
/// A prime, so that each row meets each depth; enough to come through a page of memory.
const DEPTHS: usize = 61;
/// So many blocks of each row at least, however short the run.
const LEAST_ROUNDS: usize = 3;

/// Measures all rows, round by round, for about `span`.
pub(crate) fn run(rows: &[Row], span: Duration) -> Results {
    let single: Vec<f64> = rows.iter().map(warm_up).collect();
    let reference = |kind: Kind| {
        let id = if kind == Kind::Verify { VERIFY_STRICT } else { SIGN };
        rows.iter().position(|row| row.id == id).expect("the references are rows")
    };
    let mut blocks = vec![Blocks::default(); rows.len()];
    let start = Instant::now();
    let mut round = 0;
    while round < LEAST_ROUNDS || start.elapsed() < span {
        for step in 0..rows.len() {
            let i = (round + step) % rows.len();
            let r = reference(rows[i].kind);
            let of_all = rows[i].clock == Clock::Wall;
            let calls = calls(single[i], if of_all { BLOCK_OF_ALL } else { BLOCK });
            let long = Duration::from_secs_f64(single[i] * f64::from(calls)).clamp(BLOCK, LONG_BLOCK);
            let own = || block(&rows[i], calls, rows[i].clock);
            let bare = || block(&rows[r], self::calls(single[r], long), rows[i].clock);
            for turn in 0..rows[i].blocks {
                let depth = (round * 7 + turn * 15 + i) % DEPTHS;
                let before = at_depth(depth, &bare);
                let own = at_depth(depth, &own);
                let after = at_depth(depth, &bare);
                blocks[i].push(before, own, after);
            }
        }
        round += 1;
    }
    let figures = rows.iter().zip(blocks).map(|(row, blocks)| Figure {
        id: row.id.clone(),
        kind: row.kind,
        blocks: blocks.times.len(),
        time: median(blocks.times),
        ratio: median(blocks.ratios),
    });
    Results(figures.collect())
}

/// What was measured of one row.
#[derive(Clone, Default)]
struct Blocks {
    times: Vec<f64>,
    /// Two for each block. Blocks are slowed down more often than sped up, so that the mean of two lies above what one
    /// takes: a row that is its own reference would come out as faster than itself. One over another does not.
    ratios: Vec<f64>,
}

impl Blocks {
    fn push(&mut self, before: f64, own: f64, after: f64) {
        self.times.push(own);
        self.ratios.extend([own / before, own / after]);
    }
}

/// Seconds of one call, after some calls that are not counted.
fn warm_up(row: &Row) -> f64 {
    (row.call)();
    let mut took = f64::MAX;
    for _ in 0..3 {
        let start = Instant::now();
        let mut calls = 0;
        while start.elapsed() < BLOCK {
            (row.call)();
            calls += 1;
        }
        took = took.min(start.elapsed().as_secs_f64() / f64::from(calls));
    }
    took
}

/// How many calls of so many seconds fill a span.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small whole number")]
fn calls(single: f64, span: Duration) -> u32 {
    (span.as_secs_f64() / single).ceil().clamp(1.0, 1e6) as u32
}

/// A block with so many frames more on the stack.
#[inline(never)]
fn at_depth(depth: usize, block: &dyn Fn() -> f64) -> f64 {
    let padding = black_box([0_u8; 64]);
    let took = if depth == 0 { block() } else { at_depth(depth - 1, block) };
    black_box(padding);
    took
}

/// Seconds a token, over a block of calls.
fn block(row: &Row, calls: u32, clock: Clock) -> f64 {
    let work = || (0..calls).for_each(|_| (row.call)());
    if let Some(receive) = &row.receive {
        receive();
    }
    // Uncounted, so that the row finds in the caches what it leaves there itself: code, and the tables that it has.
    (0..row.warming.max(calls.div_ceil(2) as usize)).for_each(|_| (row.call)());
    let took = match clock {
        Clock::Processor => {
            let start = ThreadTime::now();
            work();
            start.elapsed()
        }
        Clock::Wall => {
            let start = Instant::now();
            work();
            start.elapsed()
        }
    };
    took.as_secs_f64() / f64::from(calls * row.tokens)
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// The same call by all cores at once: `share` calls on each.
pub(crate) fn on_all_cores(
    id: &str,
    kind: Kind,
    share: usize,
    call: impl Fn() + Send + Sync + 'static,
) -> Row {
    let pool = all_cores();
    let cores = pool.current_num_threads();
    let call = move || {
        pool.broadcast(|_| {
            for _ in 0..share {
                call();
            }
        });
    };
    Row { kind, clock: Clock::Wall, ..Row::verify(&all(id), call) }.of(cores * share)
}

/// How a row is called when it runs on all cores.
pub(crate) fn all(id: &str) -> String {
    format!("{id}, all cores")
}

/// A thread for each core.
pub(crate) fn all_cores() -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().build().expect("threads can be started")
}
