#!/usr/bin/env bash
# Tries shardferry against the SQL Server of SHARDFERRY_TEST_MSSQL_URL; docs/how-to/test-against-your-server.md has it all.
#
#   tests/real/run.sh [ARGUMENTS OF PYTEST]
#
#   SHARDFERRY_TEST_MSSQL_URL  mssql://user:password@host:1433/?encrypt=…: a login that may create databases
#   SHARDFERRY_TEST_PG_URL     a superuser of PostgreSQL; without it, one is started and removed
#   SHARDFERRY_TEST_PROGRAM    the program; without it, it is built
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [[ -z ${SHARDFERRY_TEST_MSSQL_URL:-} ]]; then
    cat >&2 <<'TEXT'
SHARDFERRY_TEST_MSSQL_URL is not set: no SQL Server is named.
    make test-real SHARDFERRY_TEST_MSSQL_URL='mssql://sa:password@127.0.0.1:1433/?encrypt=on&trustServerCertificate=true'
The tests make databases of their own there, and drop them. `make test-real-mssim` runs them against the test server of this repository.
TEXT
    exit 2
fi
tests/env/install-clients.sh real

work=$(mktemp -d)
# The server's own user must get through it.
chmod 711 "$work"
finish() {
    local code=$?
    trap '' INT TERM HUP
    trap - EXIT
    [[ ! -d $work/postgres ]] || tests/env/postgres.sh stop "$work/postgres" || true
    rm -rf "$work"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [[ -z ${SHARDFERRY_TEST_PG_URL:-} ]]; then
    echo 'fsync = off' >"$work/postgresql.conf"
    SHARDFERRY_TEST_PG_URL=$(SHARDFERRY_TEST_PG_CONF=$work/postgresql.conf tests/env/postgres.sh start "$work/postgres")
    rm "$work/postgresql.conf"
fi
if [[ -z ${SHARDFERRY_TEST_PROGRAM:-} ]]; then
    cargo build --locked --bin shardferry
    SHARDFERRY_TEST_PROGRAM=$PWD/target/debug/shardferry
fi
export SHARDFERRY_TEST_MSSQL_URL SHARDFERRY_TEST_PG_URL SHARDFERRY_TEST_PROGRAM
target/test-clients/venv/bin/python -m pytest -c tests/real/pytest.ini tests/real "$@"
