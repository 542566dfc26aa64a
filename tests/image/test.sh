#!/usr/bin/env bash
# The tests of the image, on a machine that has nothing but Debian, Rust, Python and npm: tests/image/test.sh [PYTEST…]
#
# Starts a container engine where none answers, makes the base images where no registry has them, builds the unmodified
# Dockerfile, starts mssim, PostgreSQL and SeaweedFS on the address of a bridge of their own, and runs
# tests/image/test_*.py against them. Whatever happens, all that was started is stopped and removed; images stay.
#
#   IMAGE_TEST_TABLES (40), IMAGE_TEST_ROWS (400000)   the company that is copied
#   IMAGE_TEST_MSSIM                                   a ready mssim instead of one that is built
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

export DOCKER=${DOCKER:-docker}
tables=${IMAGE_TEST_TABLES:-40} rows=${IMAGE_TEST_ROWS:-400000}
name=shardferry-test-$$-$RANDOM
work=$(mktemp -d "${TMPDIR:-/tmp}/$name.XXXXXX")
# The servers' own users and the containers' must get through it.
chmod 755 "$work"
mssim='' engine_is_ours='' tests=''
export SHARDFERRY_TEST_S3_STATE=$work/seaweed

say() { printf '=== %s (%ds)\n' "$*" "$SECONDS"; }
fail() { echo "test.sh: $*" >&2; exit 1; }

finish() {
    local code=$?
    trap '' INT TERM HUP
    trap - EXIT
    [[ -z $tests ]] || kill -TERM -- "-$tests" 2>/dev/null || true
    local containers
    containers=$("$DOCKER" ps --all --quiet --filter "label=org.shardferry.test=$name" 2>/dev/null || true)
    [[ -z $containers ]] || xargs "$DOCKER" rm --force >/dev/null <<<"$containers" || true
    "$DOCKER" network rm "$name" >/dev/null 2>&1 || true
    "$DOCKER" image rm "shardferry:$name" >/dev/null 2>&1 || true
    [[ -z $mssim ]] || { kill -KILL "$mssim" && wait "$mssim"; } 2>/dev/null || true
    tests/env/seaweed.sh stop >/dev/null 2>&1 || true
    tests/env/postgres.sh stop "$work/postgres" >/dev/null 2>&1 || true
    if [[ $code -eq 0 ]]; then rm -rf "$work"; else echo "test.sh: failed; logs are in $work" >&2; fi
    [[ -z $engine_is_ours ]] || tests/image/bases.sh stop || true
    exit "$code"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

say "installing what is missing"
tests/env/install.sh
tests/image/install.sh

say "a container engine and the base images"
timeout 20 "$DOCKER" info >/dev/null 2>&1 || engine_is_ours=yes
tests/image/bases.sh

say "building the image with the unmodified Dockerfile"
make --no-print-directory image >"$work/image.log" 2>&1 || { tail -n 50 "$work/image.log" >&2; fail "the image does not build"; }

server=${IMAGE_TEST_MSSIM:-}
if [[ -z $server ]]; then
    say "building the test SQL Server"
    cargo build --locked --package shardferry-tests --package mssim --bins
    server=target/debug/mssim
fi

say "starting PostgreSQL, SeaweedFS and mssim with $tables tables, $rows rows"
"$DOCKER" network create --label "org.shardferry.test=$name" "$name" >/dev/null
gateway=$("$DOCKER" network inspect --format '{{(index .IPAM.Config 0).Gateway}}' "$name")
export SHARDFERRY_TEST_LISTEN=${gateway%/*}
target=$(tests/env/postgres.sh start "$work/postgres")
s3=$(tests/env/seaweed.sh env)
eval "$s3"
password=planted-source-$(od -An -N8 -tx1 /dev/urandom | tr -d ' ')
"$server" serve --host "$SHARDFERRY_TEST_LISTEN" --port 0 --tls full --certificate-out "$work/ca.pem" --user sa \
    --password "$password" --database Company --generate "tables=$tables,rows=$rows,seed=1" \
    --ready-file "$work/mssim.ready" >"$work/mssim.log" 2>&1 &
mssim=$!
until [[ -s $work/mssim.ready ]]; do
    kill -0 "$mssim" 2>/dev/null || { cat "$work/mssim.log" >&2; fail "mssim did not start"; }
    sleep 0.2
done

export IMAGE_TEST_NAME=$name IMAGE_TEST_WORK=$work IMAGE_TEST_TABLES=$tables IMAGE_TEST_TARGET=$target
export IMAGE_TEST_SOURCE_PASSWORD=$password IMAGE_TEST_SOURCE_ADDRESS=$SHARDFERRY_TEST_LISTEN
IMAGE_TEST_SOURCE_PORT=$(grep -oE '[0-9]+$' "$work/mssim.ready" | head -n 1)
IMAGE_TEST_FILER=$(cat "$SHARDFERRY_TEST_S3_STATE/filer")
export IMAGE_TEST_SOURCE_PORT IMAGE_TEST_FILER

say "the tests"
# A process group of its own, so that a signal to this script ends the tests with all their children.
set -m
target/test-tools/image/bin/python -m pytest -p no:cacheprovider --durations=0 --durations-min=5 -v "$@" tests/image &
tests=$!
set +m
wait "$tests"
tests=''
say "all green"
