#!/bin/sh
# Installs the SQL Server clients of the conformance test of mssim, by package name and pinned version:
# FreeTDS tsql, pymssql, mssql-python (the real ODBC driver 18) and tedious. Does nothing when they are there.
set -eu
cd "$(dirname "$0")/../.."
root=target/test-clients
stamp="$root/pymssql-2.4.6 mssql-python-1.16.0 tedious-19.2.2"
stamp=$(echo "$stamp" | tr ' ' '+').installed

if ! command -v tsql >/dev/null 2>&1; then
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends freetds-bin
fi
# What the ODBC driver needs of the system.
if command -v apt-get >/dev/null 2>&1 && ! ldconfig -p | grep -q libltdl.so.7; then
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends libltdl7 libkrb5-3 libgssapi-krb5-2
fi
[ -e "$stamp" ] && exit 0
mkdir -p "$root"
[ -x "$root/venv/bin/python" ] || python3 -m venv "$root/venv"
"$root/venv/bin/pip" install --quiet pymssql==2.4.6 mssql-python==1.16.0
npm install --no-audit --no-fund --silent --prefix "$root" tedious@19.2.2
touch "$stamp"
