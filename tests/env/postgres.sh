#!/usr/bin/env bash
# A private, throw-away PostgreSQL for tests. fsync stays on unless settings say otherwise.
#
#   postgres.sh start DIR [--tls]   installs PostgreSQL where it is missing (with PostGIS), makes and starts a cluster in
#                                   DIR; prints the superuser's URL. Started already: prints the URL of the running one.
#   postgres.sh stop DIR            stops it and removes DIR
#   postgres.sh kill DIR            kills it at once, as a power cut would (then: start)
#   postgres.sh url DIR             prints the URL
#   postgres.sh replica DIR OF      makes and starts, in DIR, a streaming standby of the running cluster in OF; prints its URL
#
# Takes the newest version under /usr/lib/postgresql. Roles: postgres (superuser, password `postgres`).
# $SHARDFERRY_TEST_PG_CONF names a file with more settings, which win.
# It listens on $SHARDFERRY_TEST_LISTEN, 127.0.0.1 where that is not set: a bridge's address lets its containers in.
# With --tls the server has a certificate for localhost and 127.0.0.1, signed by DIR/ca.pem; DIR/other-ca.pem is an
# authority that signed nothing. Both with and without TLS the password is asked for (scram-sha-256).
set -euo pipefail

die() { echo "postgres.sh: $*" >&2; exit 1; }
[[ $# -ge 2 ]] || die "usage: postgres.sh start|stop|kill|url|replica DIR [--tls|OF]"
command=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
tls=${3:-}
listen=${SHARDFERRY_TEST_LISTEN:-127.0.0.1}

newest() { find /usr/lib/postgresql -mindepth 3 -maxdepth 3 -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1; }

# initdb and postgres refuse root. They complain of a working folder that their user may not enter.
as_owner() (
    cd /
    if [[ $(id -u) == 0 ]]; then runuser -u postgres -- "$@"; else "$@"; fi
)

install_server() {
    [[ -n $(newest) ]] && return
    [[ $(id -u) == 0 ]] || die "PostgreSQL is not installed, and only root can install it"
    {
        # No cluster of the distribution's own: it would take port 5432.
        mkdir -p /etc/postgresql-common
        [[ -e /etc/postgresql-common/createcluster.conf ]] ||
            echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
        apt-get update -q
        DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends postgresql postgresql-postgis
    } >&2
}

free_port() {
    local port
    for _ in $(seq 100); do
        port=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/$listen/$port") 2>/dev/null || { echo "$port"; return; }
    done
    die "no free port"
}

make_certificates() {
    local certificates=$dir/tls
    mkdir -p "$certificates"
    for ca in ca other-ca; do
        openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=shardferry test $ca" \
            -keyout "$certificates/$ca.key" -out "$dir/$ca.pem"
    done
    openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" \
        -keyout "$certificates/server.key" -out "$certificates/server.csr"
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' >"$certificates/server.ext"
    openssl x509 -req -in "$certificates/server.csr" -CA "$dir/ca.pem" -CAkey "$certificates/ca.key" \
        -CAcreateserial -days 30 -extfile "$certificates/server.ext" -out "$certificates/server.crt"
    chmod 600 "$certificates"/*.key
    chmod 755 "$dir"
    [[ $(id -u) != 0 ]] || chown -R postgres: "$certificates"
}

make_cluster() {
    local bin=$1
    echo "$(free_port)" >"$dir/port"
    echo "$listen" >"$dir/listen"
    echo postgres >"$dir/password"
    [[ $(id -u) != 0 ]] || chown postgres: "$dir" "$dir/password"
    as_owner "$bin/initdb" -D "$dir/data" -U postgres --pwfile="$dir/password" -A scram-sha-256 \
        -E UTF8 --locale=C.UTF-8 --no-instructions --no-sync
    cat >>"$dir/data/postgresql.conf" <<CONF
listen_addresses = '$listen'
port = $(cat "$dir/port")
unix_socket_directories = '$dir'
max_connections = 200
shared_buffers = 256MB
max_wal_size = 2GB
CONF
    [[ -z ${SHARDFERRY_TEST_PG_CONF:-} ]] || cat "$SHARDFERRY_TEST_PG_CONF" >>"$dir/data/postgresql.conf"
    # initdb lets only this machine in.
    [[ $listen == 127.0.0.1 ]] || echo 'host all all samenet scram-sha-256' >>"$dir/data/pg_hba.conf"
    if [[ $tls == --tls ]]; then
        make_certificates
        cat >>"$dir/data/postgresql.conf" <<CONF
ssl = on
ssl_cert_file = '$dir/tls/server.crt'
ssl_key_file = '$dir/tls/server.key'
CONF
    fi
}

# It answers to status requests every second, so that its lag is fresh.
make_replica() {
    local bin=$1 of=$2
    free_port >"$dir/port"
    echo "$listen" >"$dir/listen"
    [[ $(id -u) != 0 ]] || chown postgres: "$dir"
    as_owner env PGPASSWORD="$(cat "$of/password")" "$bin/pg_basebackup" -D "$dir/data" -R -X stream -c fast --no-password \
        -h "$(cat "$of/listen")" -p "$(cat "$of/port")" -U postgres
    cat >>"$dir/data/postgresql.conf" <<CONF
port = $(cat "$dir/port")
unix_socket_directories = '$dir'
cluster_name = 'standby'
wal_receiver_status_interval = 1s
CONF
}

bin=$(dirname "$(newest || true)" 2>/dev/null || true)
url() { echo "postgres://postgres:postgres@$(cat "$dir/listen"):$(cat "$dir/port")/postgres"; }

case $command in
start)
    install_server
    bin=$(dirname "$(newest)")
    [[ -e $dir/data/PG_VERSION ]] || make_cluster "$bin" >"$dir/make.log" 2>&1 || { cat "$dir/make.log" >&2; die "no cluster"; }
    as_owner "$bin/pg_ctl" -D "$dir/data" status >/dev/null 2>&1 ||
        as_owner "$bin/pg_ctl" -D "$dir/data" -l "$dir/data/server.log" -w -t 60 start >/dev/null ||
        { tail -n 20 "$dir/data/server.log" >&2; die "the server did not start"; }
    url
    ;;
stop)
    if [[ -e $dir/data/postmaster.pid ]]; then
        as_owner "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null || true
    fi
    rm -rf "$dir"
    ;;
kill)
    [[ -e $dir/data/postmaster.pid ]] || die "not running"
    pid=$(head -n 1 "$dir/data/postmaster.pid")
    kill -KILL "$pid"
    # Its children notice and end; a new start waits for them.
    while kill -0 "$pid" 2>/dev/null; do :; done
    ;;
replica)
    install_server
    bin=$(dirname "$(newest)")
    [[ -e $dir/data/PG_VERSION ]] ||
        make_replica "$bin" "$(cd "$3" && pwd)" >"$dir/make.log" 2>&1 || { cat "$dir/make.log" >&2; die "no standby"; }
    as_owner "$bin/pg_ctl" -D "$dir/data" -l "$dir/data/server.log" -w -t 60 start >/dev/null ||
        { tail -n 20 "$dir/data/server.log" >&2; die "the standby did not start"; }
    url
    ;;
url) url ;;
*) die "unknown command $command" ;;
esac
