"""The least-privilege scripts of deploy/permissions are enough, and no more than that."""

from __future__ import annotations

import json
import secrets
import subprocess
import urllib.parse

import pytest
from conftest import ROOT, World, _psql

FOLDER = ROOT / "deploy" / "permissions"


def role_url(world: World, role: str, password: str) -> str:
    parts = urllib.parse.urlsplit(world.target)
    return parts._replace(netloc=f"{role}:{password}@{parts.netloc.rsplit('@', 1)[1]}").geturl()


def script(world: World, role: str, password: str, schemas: str) -> None:
    database = urllib.parse.urlsplit(world.target).path.strip("/")
    variables = {"database": database, "role": role, "password": password, "schemas": schemas}
    given = [part for name, value in variables.items() for part in ("-v", f"{name}={value}")]
    subprocess.run(["psql", "--quiet", "--no-psqlrc", "--dbname", world.target, *given, "-f", FOLDER / "postgresql.sql"], check=True)


@pytest.fixture
def role(world: World):
    name = f"least_{secrets.token_hex(4)}"
    yield name
    _psql(world.target, f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")


def test_the_role_of_the_script_copies_a_database(world: World, role: str) -> None:
    script(world, role, "Planted-Role-1", "")
    script(world, role, "Planted-Role-2", "public")  # again, with another password
    env = world.env | {"SHARDFERRY_TARGET_URL": role_url(world, role, "Planted-Role-2")}
    for args in (["run"], ["finish"], ["status"], ["reset", "--yes"]):
        done = world.shardferry(args, env)
        assert done.code == 0, done.stderr
        if args == ["run"]:
            world.assert_equal()


def test_without_the_grant_it_is_refused_and_said(world: World, role: str) -> None:
    script(world, role, "Planted-Role-1", "")
    database = urllib.parse.urlsplit(world.target).path.strip("/")
    _psql(world.target, f"REVOKE CREATE ON DATABASE {database} FROM {role}")
    done = world.shardferry(["run"], world.env | {"SHARDFERRY_TARGET_URL": role_url(world, role, "Planted-Role-1")})
    assert done.code == 2 and done.result["error"]["code"] == "target_permission", done.stderr


def test_the_policies_are_what_the_documentation_says() -> None:
    policy = json.loads((FOLDER / "iam-policy.json").read_text())
    actions = {action for statement in policy["Statement"] for action in [statement["Action"]] if isinstance(action, str)}
    actions |= {action for statement in policy["Statement"] if isinstance(statement["Action"], list) for action in statement["Action"]}
    assert actions == {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"}
    assert not any("Condition" in statement for statement in policy["Statement"])
    documented = (ROOT / "docs" / "reference" / "connections.md").read_text()
    assert all(action in documented for action in actions)
    assert json.loads((FOLDER / "iam-trust-irsa.json").read_text())["Statement"][0]["Action"] == "sts:AssumeRoleWithWebIdentity"
