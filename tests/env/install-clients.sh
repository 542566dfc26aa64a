#!/bin/sh
# Installs the SQL Server clients of the conformance test of mssim into target/test-clients, by pinned version: pymssql,
# mssql-python (with the real ODBC driver 18) and tedious. FreeTDS and the system's libraries come from install.sh, which
# calls this. Does nothing when they are there. `install-clients.sh odbc` installs mssql-python alone, `real` what
# tests/real needs: mssql-python, pymssql and pytest.
set -eu
cd "$(dirname "$0")/../.."
root=target/test-clients
pymssql=2.4.6 mssql_python=1.16.0 tedious=19.2.2 pytest=9.2.0
stamp="$root/pymssql-$pymssql+mssql-python-$mssql_python+tedious-$tedious.installed"

real_there() { "$root/venv/bin/python" -c 'import mssql_python, pymssql, pytest' 2>/dev/null; }

if [ "${1:-}" = real ]; then
    real_there && exit 0
else
    [ -e "$stamp" ] && exit 0
fi
mkdir -p "$root"
[ -x "$root/venv/bin/python" ] || python3 -m venv "$root/venv"
if [ "${1:-}" = odbc ]; then
    "$root/venv/bin/python" -c 'import mssql_python' 2>/dev/null ||
        "$root/venv/bin/python" -m pip install --quiet --disable-pip-version-check "mssql-python==$mssql_python"
    exit 0
fi
if [ "${1:-}" = real ]; then
    "$root/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        "pymssql==$pymssql" "mssql-python==$mssql_python" "pytest==$pytest"
    real_there
    exit 0
fi
"$root/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    "pymssql==$pymssql" "mssql-python==$mssql_python"
npm install --no-audit --no-fund --silent --prefix "$root" "tedious@$tedious"
# Proves that the driver finds its libraries.
"$root/venv/bin/python" -c 'import pymssql, mssql_python'
touch "$stamp"
