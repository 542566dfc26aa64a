#!/usr/bin/env bash
# Runs a command with the servers of the integration tests: tests/env/run.sh CMD…
#
# Starts PostgreSQL twice (plain; with TLS) and SeaweedFS, all on free ports with data in a temporary folder, runs CMD with
# their addresses in the environment, stops everything whatever happens, and ends with the exit code of CMD.
#
#   SHARDFERRY_TEST_PG_URL, SHARDFERRY_TEST_PG_TLS_URL   superuser of each PostgreSQL
#   SHARDFERRY_TEST_PG_TLS_DIR                           folder of the second, with ca.pem and other-ca.pem
#   SHARDFERRY_TEST_S3_ENDPOINT, SHARDFERRY_TEST_BUCKET, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION
#
# What else is in the environment is passed on.
set -euo pipefail
[[ $# -gt 0 ]] || { echo "usage: tests/env/run.sh CMD…" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

work=$(mktemp -d "${TMPDIR:-/tmp}/shardferry-env.XXXXXX")
# The servers' own user must get through it.
chmod 711 "$work"
export SHARDFERRY_TEST_S3_STATE=$work/seaweed
child=

# End what runs of CMD, then the servers. Signals are ignored meanwhile: nothing may stay behind.
finish() {
    local code=$?
    trap '' INT TERM HUP
    trap - EXIT
    [[ -z $child ]] || kill -TERM -- "-$child" 2>/dev/null || true
    "$here/postgres.sh" stop "$work/plain" || true
    "$here/postgres.sh" stop "$work/tls" || true
    "$here/seaweed.sh" stop || true
    rm -rf "$work"
    exit "$code"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# No test kills these two (who kills a server starts one), so nothing has to reach a disk. Every test makes a database and
# drops it: with fsync each of both waits for hundreds of files.
echo 'fsync = off' >"$work/postgresql.conf"
start() { SHARDFERRY_TEST_PG_CONF=$work/postgresql.conf "$here/postgres.sh" start "$@"; }
SHARDFERRY_TEST_PG_URL=$(start "$work/plain")
SHARDFERRY_TEST_PG_TLS_URL=$(start "$work/tls" --tls)
SHARDFERRY_TEST_PG_TLS_DIR=$work/tls
export SHARDFERRY_TEST_PG_URL SHARDFERRY_TEST_PG_TLS_URL SHARDFERRY_TEST_PG_TLS_DIR
s3=$("$here/seaweed.sh" env)
eval "$s3"
# Nothing may look for credentials outside of this machine.
export AWS_EC2_METADATA_DISABLED=true
unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL AWS_ENDPOINT_URL_S3

# A process group of its own, so that a signal to this script ends CMD with all its children.
set -m
"$@" <&0 &
child=$!
set +m
code=0
wait "$child" || code=$?
exit "$code"
