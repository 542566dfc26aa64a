#!/usr/bin/env bash
# The container engine and the two base images of the Dockerfile, for a machine without an image registry.
#
#   bases.sh          both base images are there afterwards, and a container engine that answers
#   bases.sh engine   only the engine
#   bases.sh stop     stops the engine, if this script started it; images stay
#   bases.sh remove   removes the stand-ins
#
# A base image that is there, or that can be pulled, is used as it is. Otherwise a stand-in is made from Debian packages
# under the very name that the Dockerfile uses, so that the Dockerfile is the one that users build. The stand-in of
# rust:1-bookworm carries this machine's Rust toolchain, its certificates (TLS to the registry of crates may end in
# a proxy) and its settings of cargo; none of that gets into the image of shardferry, which takes one file from there.
#
# What is missing of docker.io, iptables and mmdebstrap is installed by apt (root). An engine that cannot be started is
# an error. DOCKER names another client.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

docker=${DOCKER:-docker}
run_image=gcr.io/distroless/base-nossl-debian12:nonroot
build_image=rust:1-bookworm
label=org.shardferry.stand-in
# Where the engine's process id and log are: not below target, a clone may be deleted while the engine lives.
state=${SHARDFERRY_TEST_ENGINE_STATE:-/var/tmp/shardferry-engine}

fail() { echo "bases.sh: $*" >&2; exit 1; }
say() { echo "bases.sh: $*" >&2; }
answers() { timeout 20 "$docker" info --format '{{.ServerVersion}}' >/dev/null 2>&1; }

# need COMMAND PACKAGE…: installs the packages where the command is missing.
need() {
    local command=$1
    shift
    PATH=$PATH:/usr/sbin:/sbin command -v "$command" >/dev/null && return
    [[ $(id -u) == 0 ]] || fail "$command is missing and only root can install it ($*)"
    command -v apt-get >/dev/null || fail "$command is missing and there is no apt-get"
    say "installing $*"
    apt-get update -q >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >&2
}

engine() {
    answers && return
    need dockerd docker.io iptables
    need iptables iptables
    command -v "$docker" >/dev/null || fail "there is no $docker"
    # The package's own service may have come up by now.
    answers && return
    [[ $(id -u) == 0 ]] || fail "no container engine answers, and only root can start one"
    mkdir -p "$state"
    say "starting dockerd; its log is $state/log"
    (PATH=$PATH:/usr/sbin:/sbin setsid nohup dockerd >"$state/log" 2>&1 </dev/null 9>&- & echo $! >"$state/pid")
    for _ in $(seq 300); do
        answers && return
        kill -0 "$(cat "$state/pid")" 2>/dev/null || break
        sleep 0.2
    done
    tail -n 30 "$state/log" >&2
    fail "no container engine: dockerd did not start"
}

stop_engine() {
    [[ -e $state/pid ]] || return 0
    local pid
    pid=$(cat "$state/pid")
    if [[ $(cat "/proc/$pid/comm" 2>/dev/null) == dockerd ]]; then
        kill -TERM "$pid"
        for _ in $(seq 150); do
            [[ -e /proc/$pid ]] || break
            sleep 0.2
        done
    fi
    rm -rf "$state"
}

# What the stand-in NAME is made from: what is below, and its hook; for Rust the toolchain, the certificates and the
# settings of cargo.
stamp() {
    {
        declare -f debian
        if [[ $1 == "$build_image" ]]; then
            declare -f make_build_image
            cat tests/image/rust.sh
            rustc --version --verbose
            cat /etc/ssl/certs/ca-certificates.crt
            cargo_settings
        else
            declare -f make_run_image
            cat tests/image/distroless.sh
        fi
    } | sha256sum | cut -c 1-32
}

# Is there an image of this name that need not be made: somebody else's, or a stand-in that is up to date?
there() {
    local found
    found=$("$docker" image inspect --format "{{index .Config.Labels \"$label\"}}" "$1" 2>/dev/null) || return 1
    [[ -z $found || $found == "<no value>" || $found == "$(stamp "$1")" ]]
}

pulled() {
    [[ -n $("$docker" image ls --quiet --filter "label=$label" "$1") ]] && return 1
    timeout 600 "$docker" pull --quiet "$1" >/dev/null 2>&1
}

# What this machine says to cargo, as KEY=VALUE lines of its environment; the file is copied beside.
cargo_settings() {
    env | grep -E '^(CARGO_(REGISTR|SOURCE|HTTP|NET)[A-Z0-9_]*|(https?|no|all)_proxy|(HTTPS?|NO|ALL)_PROXY)=' | grep -vE '^CARGO_[A-Z0-9_]*TOKEN=' | sort || true
    local home=${CARGO_HOME:-$HOME/.cargo}
    cat "$home/config.toml" "$home/config" 2>/dev/null || true
}

# debian VARIANT PACKAGES HOOK: the file system of a Debian bookworm as a tar on standard output.
debian() {
    local variant=$1 packages=$2 hook=$3 stage=customize
    # Nothing but the unpacking happens to an extracted system.
    [[ $variant != extract ]] || stage=extract
    mmdebstrap --quiet --mode="$([[ $(id -u) == 0 ]] && echo root || echo unshare)" --variant="$variant" --include="$packages" \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
        --"$stage-hook=$hook" bookworm -
}

# import NAME OPTION…: the image of the tar on standard input. It gets its name when the tar is known to be whole.
import() {
    local name=$1
    shift
    "$docker" import "$@" --change "LABEL $label=$(stamp "$name")" - "$name-unfinished" >/dev/null
}

# The packages of distroless/base-nossl, unpacked and not installed, as distroless does it: no shell, no package manager. What
# their dependencies draw in (libgcc, libssl, openssl, perl's debconf) distroless leaves out, and so does the hook.
make_run_image() {
    export PACKAGES=base-files,netbase,tzdata,media-types,ca-certificates,libc6
    debian extract "$PACKAGES" "$PWD/tests/image/distroless.sh" |
        import "$run_image" --change 'USER 65532' --change 'WORKDIR /home/nonroot' \
            --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
            --change 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt'
}

make_build_image() {
    local changes=() line
    while IFS= read -r line; do
        changes+=(--change "ENV ${line%%=*}=\"${line#*=}\"")
    done < <(cargo_settings | grep -E '^[A-Za-z_]+=' || true)
    SYSROOT=$(rustc --print sysroot) CARGO=${CARGO_HOME:-$HOME/.cargo}
    export SYSROOT CARGO
    debian minbase gcc,libc6-dev,make,pkg-config,ca-certificates "$PWD/tests/image/rust.sh" |
        import "$build_image" --change 'ENV RUSTUP_HOME=/usr/local/rustup' \
            --change 'ENV CARGO_HOME=/usr/local/cargo' "${changes[@]}" \
            --change 'ENV PATH=/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
            --change 'CMD ["bash"]'
}

# base NAME FUNCTION
base() {
    if there "$1"; then return; fi
    if pulled "$1"; then say "pulled $1"; return; fi
    command -v rustc >/dev/null || fail "$1 cannot be pulled, and there is no Rust to make a stand-in from"
    need mmdebstrap mmdebstrap
    say "no registry has $1 for us: making a stand-in from Debian packages"
    local began=$SECONDS
    # An import takes a tar that was cut off for a small image.
    "$2" || { "$docker" image rm "$1-unfinished" >/dev/null 2>&1 || true; fail "no stand-in of $1"; }
    local old
    old=$("$docker" image ls --quiet "$1")
    "$docker" tag "$1-unfinished" "$1"
    # What was built upon the old one keeps it.
    [[ -z $old ]] || "$docker" image rm "$old" >/dev/null 2>&1 || true
    "$docker" image rm "$1-unfinished" >/dev/null
    say "made $1 in $((SECONDS - began)) s"
}

# One at a time: look first, act then.
exec 9>/var/tmp/shardferry-engine.lock
flock 9

case ${1:-all} in
all) engine; base "$run_image" make_run_image; base "$build_image" make_build_image ;;
engine) engine ;;
stop) stop_engine ;;
remove)
    for image in "$run_image" "$build_image"; do
        [[ -z $("$docker" image ls --quiet --filter "label=$label" "$image") ]] || "$docker" image rm "$image"
    done
    ;;
*) fail "usage: bases.sh [engine|stop|remove]" ;;
esac
