"""The sample databases of tests/samples: every row is equal, and every object is in the target, or told."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import NOTES, ROOT, Worlds
from server import Server


@pytest.mark.parametrize("name", ["order_entry", "people", "content", "special"])
def test_sample(worlds: Worlds, server: Server, name: str) -> None:
    world = worlds.world()
    refused = server.run(world.database, (ROOT / "tests" / "samples" / f"{name}.sql").read_text())
    # What the server lacks is left out, and what is there is copied all the same.
    NOTES.extend(f"a batch of {name}.sql: {error}" for error in refused)
    world.copy()
    assert world.assert_equal() > 0, f"nothing of {name}.sql was loaded: {refused}"
    told = subprocess.run(
        [sys.executable, ROOT / "tests" / "samples" / "check_objects.py", "--source", server.odbc_string(world.database), "--target",
         world.target, "--plan", world.folder / "real" / "plan.json", "--told", world.folder / "real" / "finish.json",
         world.folder / "assessment.json"], capture_output=True, text=True, check=False)
    assert told.returncode == 0, f"{told.stdout[-4000:]}\n{told.stderr[-2000:]}"
