//! Criterion's view: one token issued, verified and read, and beside it the bare signature.
//!
//! Criterion measures one side after the other, so that a machine that is busy now and idle then shifts the two against each
//! other. For the ratio of the two there is the bench `ratios`, which takes turns.

use criterion::{Criterion, criterion_group, criterion_main};
use kycvs_benches::Sides;
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
    let mut group = criterion.benchmark_group("verify");
    group.bench_function("kycvs", |bencher| bencher.iter(|| black_box(&sides).verify()));
    group.bench_function("dalek_verify_strict", |bencher| bencher.iter(|| black_box(&sides).verify_strict()));
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

criterion_group!(benches, issue, verify, parse);
criterion_main!(benches);
