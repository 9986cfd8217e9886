//! Criterion's view: one token issued, verified and read, and beside it the bare signature.
//!
//! Criterion measures one side after the other, so that a machine that is busy now and idle then shifts the two against each
//! other. For the ratio of the two there is the bench `ratios`, which takes turns.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kycvs_benches::{Bulk, Sides};
use std::hint::black_box;

fn issue(criterion: &mut Criterion) {
    let sides = sides();
    let mut group = criterion.benchmark_group("issue");
    group.bench_function("kycvs", |bencher| bencher.iter(|| black_box(&sides).issue()));
    group.bench_function("dalek_sign", |bencher| bencher.iter(|| black_box(&sides).sign()));
    group.finish();
}

fn verify(criterion: &mut Criterion) {
    let sides = sides();
    sides.prepare();
    let mut group = criterion.benchmark_group("verify");
    group.bench_function("kycvs", |bencher| bencher.iter(|| black_box(&sides).verify()));
    group.bench_function("kycvs_prepared", |bencher| bencher.iter(|| black_box(&sides).verify_prepared()));
    group.bench_function("dalek_verify_strict", |bencher| bencher.iter(|| black_box(&sides).verify_strict()));
    group.finish();
}

/// Many at once; the time is that of all of them, and criterion says how many a second beside it.
fn bulk(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bulk");
    for (name, keys, tokens) in
        [("64_of_one_key", 1, 64), ("1024_of_one_key", 1, 1_024), ("1024_of_32_keys", 32, 1_024)]
    {
        let bulk = Bulk::new(keys, tokens).expect("the example of SPEC.md");
        group.throughput(Throughput::Elements(bulk.tokens()));
        group.bench_function(name, |bencher| bencher.iter(|| black_box(&bulk).verify().is_ok()));
    }
    group.finish();
}

fn parse(criterion: &mut Criterion) {
    let sides = sides();
    let text = sides.text();
    let mut group = criterion.benchmark_group("parse");
    group.bench_function("token", |bencher| bencher.iter(|| black_box(&sides).parse().is_ok()));
    group.bench_function("text", |bencher| bencher.iter(|| sides.parse_text(black_box(&text)).is_ok()));
    group.finish();
}

fn sides() -> Sides {
    Sides::new().expect("the example of SPEC.md")
}

criterion_group!(benches, parse, issue, verify, bulk);
criterion_main!(benches);
