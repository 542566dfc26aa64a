//! `make bench-hot-path`: rows a second through decoder and encoder, by table shape.
#![forbid(unsafe_code)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use shardferry_bench::{hot_path, shapes};
use std::time::Duration;

fn transcode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("transcode");
    group.sample_size(20).measurement_time(Duration::from_secs(3));
    for name in shapes::NAMES {
        let rows = match name {
            "lob" => 20,
            "wide" | "text" => 2_000,
            _ => 50_000,
        };
        let Some(shape) = shapes::shape(name, rows) else { continue };
        group.throughput(Throughput::Elements(rows));
        group.bench_function(name, |bencher| bencher.iter(|| hot_path::transcode(&shape)));
    }
    group.finish();
}

criterion_group!(benches, transcode);
criterion_main!(benches);
