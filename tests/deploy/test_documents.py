"""What the pages show: Helm renders its command lines, what they name exists, and the first migration works as written."""

from __future__ import annotations

import os
import pathlib
import re
import shlex
import subprocess
import sys

import pytest
import yaml
from conftest import BINARIES, ROOT
from test_helm import CHART, helm

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "deploy").rglob("README.md")),
         CHART / "README.md"]
#: Options of install and upgrade that `helm template` does not need or know.
ALONE = {"--reuse-values"}


def commands(page: pathlib.Path) -> list[str]:
    """Lines of shell fences, joined behind `\\`."""
    found = []
    for block in re.findall(r"^ *```(?:sh|bash)\n(.*?)^ *```", page.read_text(), re.MULTILINE | re.DOTALL):
        found += [line.strip() for line in block.replace("\\\n", " ").split("\n") if line.strip()]
    return found


HELM = [(page, line) for page in PAGES for line in commands(page) if re.match(r"helm (install|upgrade) \S+ helm/shardferry", line)]


@pytest.mark.parametrize(("page", "line"), HELM, ids=[str(index) for index in range(len(HELM))])
def test_helm_renders_what_the_pages_show(page: pathlib.Path, line: str, tmp_path: pathlib.Path) -> None:
    _, verb, release, _, *options = shlex.split(line, comments=True)
    given = [option for option in options if option not in ALONE]
    # What an upgrade takes from the release.
    given += ["--set", "checkpoint.url=s3://bucket/prefix"] if verb == "upgrade" or "checkpoint.url" not in line else []
    done = helm(4, "template", release, CHART, *given)
    assert done.returncode == 0, f"{page.name}: {line}\n{done.stderr}"
    assert yaml.safe_load_all(done.stdout)


def test_there_are_such_commands() -> None:
    assert len(HELM) >= 8, [line for _, line in HELM]


def test_values_files_of_the_pages_are_accepted(tmp_path: pathlib.Path) -> None:
    """YAML blocks of the pages of Kubernetes and clouds that are values of the chart."""
    keys = set(yaml.safe_load((CHART / "values.yaml").read_text()))
    seen = 0
    for name in ("kubernetes", "rds"):
        for block in re.findall(r"^ *```yaml\n(.*?)^ *```", (ROOT / "docs" / "how-to" / f"{name}.md").read_text(), re.MULTILINE | re.DOTALL):
            values = yaml.safe_load(block)
            assert set(values) <= keys, set(values) - keys
            file = tmp_path / "values.yaml"
            file.write_text(block)
            done = helm(4, "template", "load", CHART, "--values", file, "--set", "checkpoint.url=s3://bucket/prefix")
            assert done.returncode == 0, f"{name}: {block}\n{done.stderr}"
            seen += 1
    assert seen >= 3


def test_targets_of_make_and_scripts_that_the_pages_show_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    wrong, seen = [], 0
    for page in [*PAGES, ROOT / "CONTRIBUTING.md"]:
        text = page.read_text()
        for line in [*commands(page), *re.findall(r"`([^`\n]+)`", text)]:
            words = [word for word in line.split("#")[0].split() if not re.fullmatch(r"[A-Z_]+=\S*", word)]
            if words[:1] == ["make"]:
                for target in words[1:]:
                    if re.fullmatch(r"[a-z-]+", target):
                        seen += 1
                        wrong += [f"{page.name}: make {target}"] if target not in targets else []
                    else:
                        break
            elif words and re.match(r"(tests|deploy|benches|fuzz)/[\w/.-]+\.(sh|py)$", words[0]):
                seen += 1
                wrong += [f"{page.name}: {words[0]}"] if not (ROOT / words[0]).exists() else []
    assert not wrong, wrong
    assert seen > 20


def test_the_first_migration_works_as_written() -> None:
    """Its commands in order, with the files and grants of the page, on servers of its own; a pod is killed on the way."""
    env = os.environ | {"PROGRAMS": str(BINARIES), "SECONDS_OF_THE_LOCK": "0.5"}
    done = subprocess.run([sys.executable, ROOT / "tests" / "docs" / "screens.py", "--print"], env=env, text=True,
                          capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
    assert "Run first: 5 tables: 5 completed" in done.stdout
    page = (ROOT / "docs" / "start" / "first-migration.md").read_text()
    shown = set(re.findall(r"<!-- output: ([\w-]+) -->", page))
    assert shown <= set(re.findall(r"^--- ([\w-]+)$", done.stdout, re.MULTILINE)), "each output of the page is captured"
