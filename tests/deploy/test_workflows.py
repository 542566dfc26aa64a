"""The workflow that tries a real SQL Server: it calls what exists, and its server is the one of the page."""

from __future__ import annotations

import re

import yaml
from conftest import ROOT

PAGE = ROOT / "docs" / "how-to" / "test-against-your-server.md"


def test_a_real_server_is_tried_each_week_and_by_hand() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "real-sql-server.yml").read_text())
    # YAML 1.1 takes the key `on` for true.
    begins = workflow[True]
    assert "workflow_dispatch" in begins and re.fullmatch(r"\d+ \d+ \* \* \d", begins["schedule"][0]["cron"])
    assert workflow["permissions"] == {"contents": "read"}
    job = workflow["jobs"]["test-real"]
    server = job["services"]["mssql"]
    steps = [step for step in job["steps"] if "run" in step]
    assert {"tests/env/install.sh demo", "make test-real"} <= {step["run"] for step in steps}
    assert (ROOT / "tests" / "env" / "install.sh").exists()
    assert "test-real:" in (ROOT / "Makefile").read_text()
    url = steps[-1]["env"]["SHARDFERRY_TEST_MSSQL_URL"]
    password = server["env"]["MSSQL_SA_PASSWORD"]
    assert f"sa:{password}@127.0.0.1:1433/" in url and f"-P {password} " in server["options"]
    page = PAGE.read_text()
    assert server["image"] in page and url in page and f"MSSQL_SA_PASSWORD={password}" in page
