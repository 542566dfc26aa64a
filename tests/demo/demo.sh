#!/usr/bin/env bash
# The demo: 300 SQL Server tables into PostgreSQL by three pods, one of which is killed; see README.md.
#
# Installs what is missing, starts PostgreSQL, SeaweedFS (S3) and mssim (the test SQL Server), plans three shards, runs
# three pods as processes, kills the second with SIGKILL half-way, reruns it, finishes, shows the status, and proves
# equality with a program that shares no code with shardferry. Leaves nothing running. What others say (apt, cargo, the
# pods) goes to files; the terminal gets fewer than 60 lines.
#
#   DEMO_TABLES (300), DEMO_ROWS (2000000), DEMO_SEED (1)
set -euo pipefail
cd "$(dirname "$0")/../.."

tables=${DEMO_TABLES:-300} rows=${DEMO_ROWS:-2000000} seed=${DEMO_SEED:-1}
work=$(mktemp -d /tmp/shardferry-demo.XXXXXX)
chmod 755 "$work"
began=$(date +%s)
pids=()

say() { printf '=== %s (%ds)\n' "$*" "$(($(date +%s) - began))"; }
# quietly LOG COMMAND…: what it says goes to the file; if it fails, its last lines are shown.
quietly() {
    local log=$work/$1
    shift
    "$@" >"$log" 2>&1 || { tail -n 30 "$log" >&2; die "'$*' failed"; }
}
die() { echo "demo: $*" >&2; exit 1; }

# A SeaweedFS of the demo's own.
export SHARDFERRY_TEST_S3_STATE="$work/seaweed"

stop() {
    local status=$?
    trap - EXIT INT TERM
    for pid in "${pids[@]}"; do
        kill -KILL "$pid" 2>/dev/null && { wait "$pid" 2>/dev/null || true; }
    done
    tests/env/seaweed.sh stop >/dev/null 2>&1 || true
    tests/env/postgres.sh stop "$work/postgres" >/dev/null 2>&1 || true
    if [[ $status -eq 0 ]]; then rm -rf "$work"; else echo "demo: failed; logs are in $work" >&2; fi
    exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "install what is missing: PostgreSQL, an S3 server, an ODBC driver"
quietly install.log tests/env/install.sh demo

say "build shardferry and the test SQL Server: minutes the first time"
quietly build.log cargo build --release --locked --package shardferry --package mssim --bins
ferry=$PWD/target/release/shardferry

say "start PostgreSQL, SeaweedFS and mssim with $tables tables, $rows rows"
target_admin=$(tests/env/postgres.sh start "$work/postgres")
psql --quiet --dbname "$target_admin" --command 'CREATE DATABASE demo'
eval "$(tests/env/seaweed.sh env)"
password='demo-Passw0rd'
target/release/mssim serve --port 0 --generate "tables=$tables,rows=$rows,seed=$seed" --user sa --password "$password" \
    --database Company --ready-file "$work/mssim.ready" >"$work/mssim.log" 2>&1 &
pids+=($!)
until [[ -s $work/mssim.ready ]]; do
    kill -0 "${pids[0]}" 2>/dev/null || { cat "$work/mssim.log" >&2; die "mssim did not start"; }
    sleep 0.2
done
port=$(grep -oE '[0-9]+$' "$work/mssim.ready" | head -n 1)

export SHARDFERRY_SOURCE_URL="mssql://sa:$password@127.0.0.1:$port/Company?encrypt=off"
export SHARDFERRY_TARGET_URL="${target_admin%/postgres}/demo"
export SHARDFERRY_CHECKPOINT="s3://$SHARDFERRY_TEST_BUCKET/demo-$$"
export AWS_ENDPOINT_URL_S3=$SHARDFERRY_TEST_S3_ENDPOINT AWS_EC2_METADATA_DISABLED=true
export SHARDFERRY_LOG_FORMAT=text

say "shardferry plan --shards 3"
"$ferry" plan --shards 3 2>"$work/plan.log" || { tail -n 30 "$work/plan.log" >&2; die "the plan failed"; }

committed() { psql --quiet --tuples-only --no-align --dbname "$SHARDFERRY_TARGET_URL" --command "$1" 2>/dev/null || echo 0; }

say "three pods at once; pod-2 will be killed half-way"
copy_began=$(date +%s)
for shard in 1 2 3; do
    "$ferry" run --shard "$shard/3" --pod-name "pod-$shard" >"$work/pod-$shard.log" 2>&1 &
    pids+=($!)
done
# The tables of pod 2, from the plan; it is killed when half of them are committed and another is under way.
range=$("$ferry" plan --shards 3 --format json 2>/dev/null |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["shards"][1])')
first=${range%-*} last=${range#*-}
half=$(((last - first + 1) / 2))
until [[ $(committed "SELECT count(*) FROM shardferry.chunk WHERE table_index BETWEEN $first AND $last") -ge $half ]]; do
    kill -0 "${pids[2]}" 2>/dev/null || { cat "$work/pod-2.log" >&2; die "pod-2 ended before it could be killed"; }
done
kill -KILL "${pids[2]}" || die "pod-2 ended before it could be killed"
wait "${pids[2]}" && die "pod-2 was not killed" || killed=$?
survivors=0
for pod in 1 3; do wait "${pids[$pod]}" || survivors=$?; done
[[ $survivors -eq 0 ]] || { tail -n 30 "$work"/pod-*.log >&2; die "a pod failed with $survivors"; }
done_by_killed=$(committed "SELECT count(*) FROM shardferry.chunk WHERE table_index BETWEEN $first AND $last")
echo "pod-2 was killed (exit $killed) with $done_by_killed of its $((last - first + 1)) tables committed; pods 1 and 3 ended well"
"$ferry" status 2>/dev/null

say "pod-2 is simply run again; being the last, it also finishes (indexes, foreign keys, identities, statistics)"
quietly pod-2-again.log "$ferry" run --shard 2/3 --pod-name pod-2
skipped=$(grep -c '^Skipping .*(already completed)' "$work/pod-2-again.log" || true)
grep '^Skipping ' "$work/pod-2-again.log" | head -n 2
echo "… and $((skipped - 2)) more lines like these; then it copies the rest, and ends with:"
sed -n '/^Final summary/,$p' "$work/pod-2-again.log"
copied=$(($(date +%s) - copy_began))

say "shardferry status"
"$ferry" status 2>/dev/null
completed=$("$ferry" status --format json | grep -c '"completed"')
[[ $completed -eq $tables ]] || die "$completed of $tables tables are completed"

say "compare every row of source and target (ODBC on one side, psql on the other)"
target/test-clients/venv/bin/python tests/demo/check_equal.py --jobs 2 --target "$SHARDFERRY_TARGET_URL" --source \
    "SERVER=127.0.0.1,$port;DATABASE=Company;UID=sa;PWD=$password;Encrypt=no;TrustServerCertificate=yes" | tee "$work/equal.txt"

say "summary"
echo "tables completed:        $completed of $tables"
echo "killed pod:              had $done_by_killed tables committed; its rerun skipped $skipped and copied the rest"
echo "equality:                $(tail -n 1 "$work/equal.txt")"
echo "three pods and a rerun:  $copied s"
echo "the whole demo:          $(($(date +%s) - began)) s"
