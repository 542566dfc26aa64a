#!/usr/bin/env bash
# Installs the validators of deploy/argo below target/test-tools/argo, by pinned version: hera-workflows and argo-tugboat in
# a venv of Python 3.12 or newer, @kubernetes-models/argo-workflows in node_modules. Does nothing, at once, when all is there.
# Called by tests/deploy/install.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
here=tests/deploy/argo
tools=target/test-tools/argo

fail() { echo "$here/install.sh: $*" >&2; exit 1; }

# Prints a Python that argo-tugboat runs on: one on the path, one of pyenv.
python() {
    local candidate
    for candidate in python3.12 python3.13 python3.14 python3 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[2-9]*/bin/python3; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    fail "argo-tugboat needs Python 3.12 or newer with venv: none on the path, none under pyenv (apt-get install python3-venv," \
         "where Debian is 13 or newer; pyenv install 3.12)"
}

models() {
    cmp -s "$here/package-lock.json" "$tools/.installed" && return
    command -v npm >/dev/null || fail "npm is missing; run tests/env/install.sh"
    mkdir -p "$tools"
    cp "$here/package.json" "$here/package-lock.json" "$tools/"
    npm ci --prefix "$tools" --silent --no-audit --no-fund --ignore-scripts
    cp "$here/package-lock.json" "$tools/.installed"
}

venv=$tools/venv
interpreter=
cmp -s "$here/constraints.txt" "$venv/.installed" || interpreter=$(python)
models &
if [[ -n $interpreter ]]; then
    rm -rf "$venv"
    "$interpreter" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt" -c "$here/constraints.txt"
    cp "$here/constraints.txt" "$venv/.installed"
fi
wait $!
