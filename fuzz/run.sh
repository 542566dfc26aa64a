#!/bin/sh
# Fuzzes the wire decoder for so many seconds (default 60): fuzz/run.sh SECONDS
# Stable Rust: the coverage that libFuzzer needs comes from LLVM's own pass; there is no unsafe code that would need a
# sanitizer. A finding is written to fuzz/artifacts/ and is run again by fuzz/target/.../decode FILE.
set -eu
cd "$(dirname "$0")"
mkdir -p corpus artifacts target
rustc --edition 2024 -O -A warnings seeds.rs -o target/seeds
target/seeds corpus
host=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares" \
    cargo build --quiet --target "$host" --bin decode
exec "target/$host/debug/decode" corpus -max_total_time="${1:-60}" -max_len=4096 -timeout=5 -rss_limit_mb=1024 \
    -artifact_prefix=artifacts/ -print_final_stats=1
