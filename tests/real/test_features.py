"""What not every server has: features.sql, a schema a feature, all in one database, copied by one run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import World, Worlds
from server import Refused


@dataclass
class Feature:
    """A part of features.sql."""

    schema: str
    what: str
    needs: str
    #: Columns that nobody compares.
    left_out: str
    script: str


def features() -> list[Feature]:
    found = []
    for part in re.split(r"^--- (?=\w+: )", (Path(__file__).parent / "features.sql").read_text(), flags=re.MULTILINE)[1:]:
        head, _, script = part.partition("\n")
        facts = dict(re.findall(r"^-- (needs|left out): (.*)$", script, flags=re.MULTILINE))
        schema, _, what = head.partition(": ")
        found.append(Feature(schema, what, facts["needs"], facts.get("left out", ""), script))
    return found


@pytest.fixture(scope="module")
def copied(worlds: Worlds) -> tuple[World, dict[str, Refused]]:
    """The world, and what the server refused, by schema."""
    world, refused = worlds.world(), {}
    world.server.must(world.database, f"ALTER DATABASE [{world.database}] SET ALLOW_SNAPSHOT_ISOLATION ON")
    for feature in features():
        world.server.must(world.database, f"CREATE SCHEMA {feature.schema}")
        if errors := world.server.run(world.database, feature.script):
            refused[feature.schema] = errors[0]
    # One table that fails shall not hide the others.
    world.ends(world.start("plan", "--dry-run"))
    process = world.start("run")
    out, err = process.communicate()
    assert process.returncode in (0, 3), f"{out[-2000:]}\n{err[-4000:]}"
    return world, refused


@pytest.mark.parametrize("feature", [pytest.param(feature, id=feature.schema, marks=pytest.mark.needs(feature.what, feature.needs))
                                     for feature in features()])
def test_feature(copied: tuple[World, dict[str, Refused]], feature: Feature) -> None:
    world, refused = copied
    if feature.schema in refused:
        raise refused[feature.schema]
    assert world.assert_equal(feature.schema, feature.left_out) > 0
