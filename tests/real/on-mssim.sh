#!/usr/bin/env bash
# Runs tests/real against mssim: proves that the suite itself works, and lists what it would skip on another server.
# A test that is skipped must stand in skipped-on-mssim.txt.
#
# Takes the programs of target/debug (or of SHARDFERRY_TEST_BINARIES), and PostgreSQL from SHARDFERRY_TEST_PG_URL if that is set.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

binaries=${SHARDFERRY_TEST_BINARIES:-target/debug}
[[ -x $binaries/mssim ]] || { echo "on-mssim.sh: $binaries/mssim is missing: cargo build --package mssim --bins" >&2; exit 1; }
work=$(mktemp -d)
finish() {
    local code=$?
    trap '' INT TERM HUP
    trap - EXIT
    [[ -z ${server:-} ]] || { kill "$server" && wait "$server"; } 2>/dev/null || true
    rm -rf "$work"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# As Microsoft's container: encrypted, with a certificate that nobody signed.
"$binaries/mssim" serve --port 0 --tls login --user sa --password 'Planted-Source-1' --ready-file "$work/ready" >"$work/log" 2>&1 &
server=$!
until [[ -s $work/ready ]]; do
    kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
    sleep 0.1
done
port=$(grep -oE '[0-9]+$' "$work/ready" | head -n 1)

export SHARDFERRY_TEST_MSSQL_URL="mssql://sa:Planted-Source-1@127.0.0.1:$port/?encrypt=on&trustServerCertificate=true"
export SHARDFERRY_TEST_MAY_SKIP=tests/real/skipped-on-mssim.txt
# The tests of orchestrators and of servers run the same program.
export SHARDFERRY_TEST_PROGRAM=${SHARDFERRY_TEST_PROGRAM:-$PWD/$binaries/shardferry-with-failpoints}
tests/real/run.sh "$@"
