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


def script(world: World, role: str, password: str, schemas: str, admin: str | None = None) -> subprocess.CompletedProcess:
    """As the superuser, or as who is named by the URL `admin`."""
    database = urllib.parse.urlsplit(world.target).path.strip("/")
    variables = {"database": database, "role": role, "password": password, "schemas": schemas}
    given = [part for name, value in variables.items() for part in ("-v", f"{name}={value}")]
    return subprocess.run(["psql", "--quiet", "--no-psqlrc", "--dbname", admin or world.target, *given,
                           "-f", FOLDER / "postgresql.sql"], check=True, text=True, capture_output=True)


def rights(world: World, role: str) -> str:
    """Superuser, CREATEDB, CREATEROLE, BYPASSRLS, LOGIN."""
    query = f"SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname = '{role}'"
    return subprocess.check_output(["psql", "-XqAt", world.target, "-c", query], text=True).strip()


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


@pytest.fixture
def owner(world: World):
    """A role as clouds give it: it owns the database and creates roles, and is no superuser."""
    name, database = f"owner_{secrets.token_hex(4)}", urllib.parse.urlsplit(world.target).path.strip("/")
    _psql(world.target, f"CREATE ROLE {name} LOGIN CREATEROLE CREATEDB PASSWORD 'Planted-Owner-1'")
    _psql(world.target, f"ALTER DATABASE {database} OWNER TO {name}")
    yield name
    _psql(world.target, f"ALTER DATABASE {database} OWNER TO CURRENT_USER; DROP OWNED BY {name} CASCADE; DROP ROLE {name}")


def test_an_owner_without_superuser_runs_the_script(world: World, owner: str, role: str) -> None:
    admin = role_url(world, owner, "Planted-Owner-1")
    script(world, role, "Planted-Role-1", "", admin)
    again = script(world, role, "Planted-Role-2", "public", admin)
    assert again.stderr == "", "a GRANT that grants nothing is a warning"
    assert rights(world, role) == "f|f|f|f|t"
    done = world.shardferry(["run"], world.env | {"SHARDFERRY_TARGET_URL": role_url(world, role, "Planted-Role-2")})
    assert done.code == 0, done.stderr
    world.assert_equal()


def test_an_owner_copies_with_its_own_role(world: World, owner: str) -> None:
    done = world.shardferry(["run"], world.env | {"SHARDFERRY_TARGET_URL": role_url(world, owner, "Planted-Owner-1")})
    assert done.code == 0, done.stderr
    world.assert_equal()


def test_a_role_that_has_too_much_loses_it(world: World, role: str) -> None:
    _psql(world.target, f"CREATE ROLE {role} SUPERUSER CREATEROLE BYPASSRLS")
    script(world, role, "Planted-Role-1", "")
    assert rights(world, role) == "f|f|f|f|t"


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
