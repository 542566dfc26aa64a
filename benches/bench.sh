#!/usr/bin/env bash
# Installs and builds what the benchmark needs, then runs it: benches/bench.sh --full|--quick|--growth|--instructions …
# What may follow: benches/run.py --help. Results: target/bench/.
# SHARDFERRY_BENCH_PROFILE: of shardferry; by default `dist`, as the image ships it (ten minutes to build), for --full and
# --growth, and `release` for the others.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tests/env/install.sh
if [[ " $* " == *" --instructions "* ]] && ! command -v valgrind >/dev/null; then
    as_root() { if [[ $(id -u) == 0 ]]; then "$@"; else sudo -n "$@"; fi; }
    as_root apt-get update -q >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends valgrind >&2
fi
python3 -B benches/run.py --self-test
case " $* " in
  *" --full "* | *" --growth "*) profile=${SHARDFERRY_BENCH_PROFILE:-dist} ;;
  *) profile=${SHARDFERRY_BENCH_PROFILE:-release} ;;
esac
export SHARDFERRY_BENCH_PROFILE=$profile
cargo build --release --locked --package shardferry --package shardferry-bench --package mssim --bins
cargo build --profile "$profile" --locked --bin shardferry
exec python3 -B benches/run.py "$@"
