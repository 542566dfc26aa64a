#!/usr/bin/env bash
# Pushes the image and the chart to a registry of your choice. Log in first (docker login, helm registry login).
#
#   deploy/release.sh check VERSION                 all files that name a version name this one
#   deploy/release.sh image VERSION IMAGE           builds on this machine, for its architecture: IMAGE:VERSION-ARCH
#   deploy/release.sh index VERSION IMAGE ARCH…     IMAGE:VERSION, made of those
#   deploy/release.sh chart VERSION oci://PLACE     PLACE/shardferry:VERSION
#
# IMAGE is without a tag: registry.example.com/team/shardferry. HELM_FLAGS: for helm push (--plain-http, --ca-file …).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
DOCKER=${DOCKER:-docker} HELM=${HELM:-helm}

fail() { echo "deploy/release.sh: $*" >&2; exit 2; }

# FILE PATTERN: the only versions that a line of this file may name, where PATTERN stands before them.
names_version() {
    local found
    found=$(sed -nE 's|^.*'"$2"'"?([0-9]+\.[0-9]+\.[0-9]+[^" }`]*).*|\1|p' "$1" | sort -u)
    [[ $found == "$version" ]] || fail "$1 names '${found//$'\n'/, }', not $version"
}

check() {
    names_version Cargo.toml '^version = '
    names_version helm/shardferry/Chart.yaml '^version: '
    names_version helm/shardferry/Chart.yaml '^appVersion: '
    names_version helm/shardferry/Chart.yaml '/shardferry:'
    names_version deploy/airflow/shardferry_dag.py 'setting\("tag", '
    names_version deploy/airflow/shardferry_operator.py '^IMAGE = ".*:'
    names_version deploy/argo/workflow-template.yaml '/shardferry:'
    names_version deploy/kubernetes/base/kustomization.yaml 'newTag: '
}

image() {
    local arch
    arch=$("$DOCKER" version --format '{{.Server.Arch}}')
    "$DOCKER" build --build-arg VERSION="$version" --build-arg REVISION="$(git rev-parse HEAD)" \
        --build-arg CREATED="$(git log -1 --format=%cI)" --tag "$1:$version-$arch" .
    "$DOCKER" push "$1:$version-$arch"
}

index() {
    local name=$1 parts=()
    shift
    for arch in "$@"; do parts+=("$name:$version-$arch"); done
    "$DOCKER" buildx imagetools create --tag "$name:$version" "${parts[@]}"
}

chart() {
    [[ $1 == oci://* ]] || fail "$1 is no oci:// address"
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    "$HELM" package helm/shardferry --destination "$folder"
    # shellcheck disable=SC2086
    "$HELM" push "$folder/shardferry-$version.tgz" "$1" ${HELM_FLAGS:-}
}

case "${1:-} $#" in
    "check 2" | "image 3" | "chart 3" | "index "[4-9]) ;;
    *) sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
command=$1 version=$2
shift 2
check
[[ $command == check ]] || "$command" "$@"
