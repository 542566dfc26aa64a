#!/usr/bin/env bash
# Installs Rotel, the OpenTelemetry collector of the telemetry tests, into target/test-tools, by pinned version from PyPI.
# Does nothing when it is there.
#
#   tests/env/install-collector.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
version=0.0.1a15
folder=target/test-tools/rotel-$version

[[ -x $folder/rotel/rotel-agent ]] && exit 0
mkdir -p target/test-tools
venv=$(mktemp -d target/test-tools/rotel-venv.XXXXXX)
trap 'rm -rf "$venv" "$folder.new"' EXIT
python3 -m venv "$venv"
rm -rf "$folder.new"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --target "$folder.new" "rotel==$version"
chmod +x "$folder.new/rotel/rotel-agent"
# Proves that it runs on this machine.
"$folder.new/rotel/rotel-agent" start --help >/dev/null
rm -rf "$folder"
mv "$folder.new" "$folder"
