#!/usr/bin/env bash
# Installs Airflow 2.11 and 3 with the Kubernetes provider, each in a venv of its own below target/test-tools, exactly as
# pinned in requirements-2.txt and requirements-3.txt. Does nothing, at once, when both are there.
#
# The files are complete (no dependency is resolved again); made on Python 3.11 by `pip install "apache-airflow>=2.11,<3"
# apache-airflow-providers-cncf-kubernetes`, and the same without a limit, then `pip freeze`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
here=tests/deploy/airflow

command -v python3 >/dev/null || { echo "$here/install.sh: python3 is missing; run tests/env/install.sh" >&2; exit 1; }

for major in 2 3; do
    venv=target/test-tools/airflow-$major
    wanted=$here/requirements-$major.txt
    stamp=$venv/.installed
    if cmp -s "$wanted" "$stamp"; then continue; fi
    rm -rf "$venv"
    python3 -m venv "$venv"
    # Not compiled: most of it is never imported.
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile --no-deps -r "$wanted"
    cp "$wanted" "$stamp"
done
