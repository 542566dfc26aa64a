#!/usr/bin/env bash
# Installs what `make test-image` and `make sbom` run into target/test-tools/image: pytest, hadolint, CycloneDX's own
# library. Does nothing when it is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
venv=target/test-tools/image
wanted=tests/image/requirements.txt

cmp -s "$wanted" "$venv/requirements.txt" && exit 0
rm -rf "$venv"
mkdir -p "$(dirname "$venv")"
python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted"
cp "$wanted" "$venv/requirements.txt"
