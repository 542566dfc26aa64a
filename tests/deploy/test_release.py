"""deploy/release.sh and the workflow that calls it: the chart is pushed to a registry and installed from there."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess

import pods
import pytest
import registry
import yaml
from conftest import ROOT
from test_helm import HELMS, LEAST, helm, render

SCRIPT = ROOT / "deploy" / "release.sh"
VERSION = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]


def release(*arguments: str, script: pathlib.Path = SCRIPT, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([script, *arguments], capture_output=True, text=True, timeout=60, check=False, env=os.environ | (env or {}))


@pytest.mark.parametrize("major", HELMS)
def test_a_chart_is_pushed_and_found(major: int, tmp_path: pathlib.Path) -> None:
    with registry.running() as place:
        place_of_charts = f"oci://{place.address}/team/charts"
        home = {"HELM": str(HELMS[major]), "HELM_FLAGS": "--plain-http", "HOME": str(tmp_path)}
        pushed = release("chart", VERSION, place_of_charts, env=home)
        assert pushed.returncode == 0, pushed.stdout + pushed.stderr
        assert place.tags() == [f"team/charts/shardferry:{VERSION}"]
        found = helm(major, "template", "load", f"{place_of_charts}/shardferry", "--version", VERSION, "--plain-http", "--namespace", "data", *LEAST)
    assert found.returncode == 0, found.stderr
    # Helm 4 says on stdout what it has pulled.
    assert [obj for obj in pods.load_all(found.stdout) if "kind" in obj] == render(*LEAST, major=major)


def recorder(folder: pathlib.Path) -> tuple[dict[str, str], pathlib.Path]:
    """A docker that writes down how it is called."""
    log, docker = folder / "calls", folder / "docker"
    docker.write_text(f'#!/bin/sh\nif [ "$1" = version ]; then echo arm64; else echo "$@" >>{log}; fi\n')
    docker.chmod(0o755)
    return {"DOCKER": str(docker)}, log


def test_one_image_for_each_architecture_and_an_index_of_them(tmp_path: pathlib.Path) -> None:
    env, log = recorder(tmp_path)
    assert release("image", VERSION, "registry.example.com/team/sf", env=env).returncode == 0
    assert release("index", VERSION, "registry.example.com/team/sf", "amd64", "arm64", env=env).returncode == 0
    build, push, index = log.read_text().splitlines()
    name = f"registry.example.com/team/sf:{VERSION}"
    assert build.startswith(f"build --build-arg VERSION={VERSION} ") and build.endswith(f" --tag {name}-arm64 .")
    assert push == f"push {name}-arm64" and index == f"buildx imagetools create --tag {name} {name}-amd64 {name}-arm64"


@pytest.mark.parametrize(("file", "old", "new"), [
    ("Cargo.toml", 'version = "', 'version = "9'),
    ("helm/shardferry/Chart.yaml", "appVersion: ", "appVersion: 9"),
    ("helm/shardferry/Chart.yaml", "shardferry/shardferry:", "shardferry/shardferry:9"),
    ("deploy/airflow/shardferry_dag.py", 'setting("tag", "', 'setting("tag", "9'),
    ("deploy/airflow/shardferry_operator.py", "shardferry/shardferry:", "shardferry/shardferry:9"),
    ("deploy/argo/workflow-template.yaml", "shardferry/shardferry:", "shardferry/shardferry:9"),
    ("deploy/kubernetes/base/kustomization.yaml", "newTag: ", "newTag: 9"),
])
def test_nothing_is_pushed_while_a_file_names_another_version(file: str, old: str, new: str, tmp_path: pathlib.Path) -> None:
    for name in ("Cargo.toml", "helm", "deploy"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, tmp_path / name)
    script, place = tmp_path / "deploy" / "release.sh", tmp_path / file
    assert release("check", VERSION, script=script).returncode == 0
    text = place.read_text()
    assert old in text
    place.write_text(text.replace(old, new, 1))
    env, log = recorder(tmp_path)
    done = release("image", VERSION, "registry.example.com/team/sf", script=script, env=env)
    assert done.returncode == 2 and f"{file} names" in done.stderr and not log.exists(), done.stderr


def test_a_call_that_is_wrong_says_what_is_right() -> None:
    for arguments in ([], ["image", VERSION], ["push", VERSION, "x"], ["index", VERSION, "x"]):
        done = release(*arguments)
        assert done.returncode == 2 and "deploy/release.sh chart VERSION" in done.stderr, arguments
    assert "is no oci:// address" in release("chart", VERSION, "registry.example.com/charts").stderr


def test_the_page_says_the_same() -> None:
    page = (ROOT / "docs" / "reference" / "image.md").read_text()
    said = re.findall(r"^deploy/release.sh (\w+) (\S+) ", page, re.MULTILINE)
    assert said == [("image", VERSION), ("index", VERSION), ("chart", VERSION)]
    assert f"oci://registry.example.com/team/charts/shardferry --version {VERSION}" in page


def test_the_workflow_calls_the_script_as_it_is() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
    assert workflow["permissions"] == {"contents": "read", "packages": "write"}
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    calls = [re.match(r"deploy/release.sh (\w+) (.*)", step["run"]) for step in steps if "release.sh" in step.get("run", "")]
    assert [call[1] for call in calls] == ["image", "index", "chart"]
    assert workflow["jobs"]["publish"]["needs"] == "image" and "secrets." not in json.dumps(steps), "secrets are variables"
    for step in steps:
        checked = subprocess.run(["bash", "-n"], input=step.get("run", ""), text=True, capture_output=True, check=False)
        assert checked.returncode == 0, checked.stderr
