//! What kycvs promises, as ratios in one run.

use std::sync::Arc;

use crate::{
    measure::{Results, VERIFY_STRICT, all},
    ours,
    whole::Peer,
};

/// One promise.
struct Bound {
    what: &'static str,
    row: String,
    /// Held against this row; against the row's reference where it is `None`.
    over: Option<String>,
    limit: Limit,
}

enum Limit {
    AtMost(f64),
    /// The first on a machine that does nothing else, the second on a busy one, where others push the tables out of the
    /// caches.
    Quiet(f64, f64),
    /// How many times as much gets done. Where other programs have the other cores, there is nothing to gain, and nothing is
    /// shown.
    Gain(f64),
}

/// A promise, and what was found.
pub(crate) struct Verdict {
    pub(crate) what: String,
    pub(crate) found: f64,
    pub(crate) limit: String,
    pub(crate) holds: bool,
}

/// Those of the issue that one run can show. What is measured elsewhere: memory in the tests of the core, files and columns
/// of a million tokens in those of the command line and of `kycvs[arrow]`, other languages by `cargo xtask bench boundary`.
fn bounds(peers: &[Arc<dyn Peer>]) -> Vec<Bound> {
    let over_reference = |what, row: &str, limit| Bound { what, row: row.to_owned(), over: None, limit };
    let over = |what, row: &str, over: &str, limit| Bound {
        over: Some(over.to_owned()),
        ..over_reference(what, row, limit)
    };
    let mut bounds = vec![
        over_reference("one token, prepared key", ours::PREPARED, Limit::Quiet(0.42, 0.50)),
        over_reference("one token, key never seen before", ours::NO_TABLE, Limit::AtMost(0.88)),
        over_reference("1,024 under one key", ours::BULK, Limit::AtMost(0.35)),
        over_reference("1,024 under 32 keys in rotation", ours::BULK_32, Limit::AtMost(0.40)),
        over_reference("1,024 with large tables", ours::BULK_LARGE, Limit::AtMost(0.28)),
        over("a bad token among 1,024", ours::ONE_BAD, ours::BULK, Limit::AtMost(1.10)),
        over("1,024 bad tokens", ours::ALL_BAD, ours::BULK, Limit::AtMost(1.10)),
        over("1,024 that are no tokens", ours::NO_TOKENS, ours::BULK, Limit::AtMost(1.10)),
        over_reference("issuing", ours::ISSUE, Limit::AtMost(1.03)),
    ];
    bounds.extend(peers.iter().map(|peer| {
        over("one token, prepared key, over a peer's", ours::PREPARED, peer.name(), Limit::AtMost(0.50))
    }));
    // One core shows nothing of this.
    if crate::machine::cores() > 1 {
        bounds.push(over(
            "1,024 on all cores, over one core",
            &all(ours::BULK),
            ours::BULK,
            Limit::Gain(1.3),
        ));
    }
    bounds
}

pub(crate) fn judge(results: &Results, peers: &[Arc<dyn Peer>], quiet: bool) -> Vec<Verdict> {
    bounds(peers).iter().map(|bound| bound.judge(results, quiet)).collect()
}

impl Bound {
    /// # Panics
    /// Where a row was not measured: a bound that cannot break is none.
    fn judge(&self, results: &Results, quiet: bool) -> Verdict {
        let ratio = |id: &str| results.get(id).expect("every bound's rows are measured").ratio;
        let found = ratio(&self.row) / self.over.as_deref().map_or(1.0, ratio);
        let what = match &self.over {
            Some(peer) if self.what.ends_with("peer's") => format!("{}: {peer}", self.what),
            _ => self.what.to_owned(),
        };
        let (found, limit, holds) = match self.limit {
            Limit::AtMost(most) => (found, format!("at most {most:.2}"), found <= most),
            Limit::Quiet(most, _) if quiet => (found, format!("at most {most:.2}, quiet"), found <= most),
            Limit::Quiet(_, most) => (found, format!("at most {most:.2}, busy"), found <= most),
            Limit::Gain(least) => {
                let (limit, gain) = (format!("at least {least:.2}"), found.recip());
                if quiet { (gain, limit, gain >= least) } else { (gain, limit + ", when quiet", true) }
            }
        };
        Verdict { what, found, limit, holds }
    }
}

/// How many times as much all cores do as one: to hold beside what they bring to a bulk.
pub(crate) struct Gains {
    /// Of `verify_strict`.
    pub(crate) bare: f64,
    /// Of bulks that share nothing.
    pub(crate) apart: f64,
}

impl Gains {
    pub(crate) fn of(results: &Results) -> Option<Self> {
        let gain = |one: &str, all: &str| Some(results.get(one)?.ratio / results.get(all)?.ratio);
        Some(Self { bare: gain(VERIFY_STRICT, &all(VERIFY_STRICT))?, apart: gain(ours::BULK, ours::APART)? })
    }
}
