"""The image itself: what it is made of, what it says of itself, what is not in it."""

import io
import json
import subprocess
import tarfile
import tomllib
from functools import cache
from pathlib import Path

import pytest

from engine import DOCKER, HARDENED, IMAGE, docker, inspect

BASE = "gcr.io/distroless/base-nossl-debian12:nonroot"
PLANTED = "planted-in-the-folder-4711"


@cache
def layers(image: str) -> list[dict[str, bytes]]:
    """The files of every layer of an image, lowest first."""
    found = []
    with tarfile.open(fileobj=io.BytesIO(docker("save", image))) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))[0]
        for layer in manifest["Layers"]:
            with tarfile.open(fileobj=archive.extractfile(layer)) as files:
                found.append({
                    "/" + member.name.removeprefix("./"): files.extractfile(member).read() if member.isfile() else b""
                    for member in files if not member.isdir()
                })
    return found


@cache
def container_export() -> dict[str, tarfile.TarInfo]:
    name = docker("create", IMAGE).decode().strip()
    try:
        with tarfile.open(fileobj=io.BytesIO(docker("export", name))) as files:
            return {"/" + member.name: member for member in files}
    finally:
        docker("rm", name)


def test_hadolint_has_nothing_to_say(root: Path) -> None:
    hadolint = root / "target/test-tools/image/bin/hadolint"
    done = subprocess.run([hadolint, "--failure-threshold", "style", "Dockerfile"], cwd=root, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_how_it_is_started() -> None:
    config = inspect(IMAGE)["Config"]
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["/usr/local/bin/shardferry"]
    assert config["Cmd"] == ["run"]
    assert config["StopSignal"] == "SIGTERM"
    assert not config.get("ExposedPorts") and not config.get("Volumes")


def test_labels_say_what_it_is(root: Path) -> None:
    labels = inspect(IMAGE)["Config"]["Labels"]
    version = tomllib.loads((root / "Cargo.toml").read_text(encoding="utf-8"))["package"]["version"]
    revision = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, stdout=subprocess.PIPE, text=True, check=True)
    assert labels["org.opencontainers.image.title"] == "shardferry"
    assert labels["org.opencontainers.image.version"] == version
    assert labels["org.opencontainers.image.revision"] == revision.stdout.strip()
    assert labels["org.opencontainers.image.base.name"] == BASE
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert "T" in labels["org.opencontainers.image.created"]


def test_it_is_small() -> None:
    size = inspect(IMAGE)["Size"]
    print(f"{size / 1e6:.1f} MB")
    assert size <= 40_000_000


def test_it_adds_one_file_to_its_base() -> None:
    below = layers(BASE)
    added = [name for layer in layers(IMAGE)[len(below):] for name in layer]
    assert added == ["/usr/local/bin/shardferry"]
    binary = container_export()["/usr/local/bin/shardferry"]
    assert (binary.uid, binary.gid, binary.mode & 0o777) == (0, 0, 0o755)


@pytest.mark.parametrize("program", ["sh", "bash", "dash", "busybox", "apt", "apt-get", "dpkg", "openssl", "curl", "perl"])
def test_there_is_no(program: str) -> None:
    files = container_export()
    assert not [name for name in files if name.rsplit("/", 1)[1] == program and "bin/" in name]


def test_a_shell_cannot_be_run() -> None:
    done = subprocess.run([DOCKER, "run", "--rm", "--entrypoint", "/bin/sh", IMAGE, "-c", "true"],
                          stderr=subprocess.PIPE, check=False)
    assert done.returncode == 127


def test_the_authorities_of_tls_are_there() -> None:
    (bundle,) = [layer[name] for layer in layers(IMAGE) for name in layer if name == "/etc/ssl/certs/ca-certificates.crt"]
    assert bundle.count(b"-----BEGIN CERTIFICATE-----") > 100
    assert "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt" in inspect(IMAGE)["Config"]["Env"]


def test_the_program_is_the_one_that_users_get(root: Path, tmp_path: Path) -> None:
    """Stripped, without failpoints: their variable is in every binary that has them."""
    (binary,) = [layer[name] for layer in layers(IMAGE) for name in layer if name == "/usr/local/bin/shardferry"]
    assert b"SHARDFERRY_FAILPOINTS" not in binary
    program = tmp_path / "shardferry"
    program.write_bytes(binary)
    sections = subprocess.run(["readelf", "--sections", "--wide", program], stdout=subprocess.PIPE, check=True).stdout
    assert b" .text " in sections and b" .symtab " not in sections and b" .debug_info " not in sections
    assert str(root).encode() not in binary


def test_the_program_needs_nothing_but_glibc(tmp_path: Path) -> None:
    """The base has no libgcc: what unwinds a panic is in the program."""
    (binary,) = [layer[name] for layer in layers(IMAGE) for name in layer if name == "/usr/local/bin/shardferry"]
    program = tmp_path / "shardferry"
    program.write_bytes(binary)
    dynamic = subprocess.run(["readelf", "--dynamic", "--wide", program], stdout=subprocess.PIPE, text=True, check=True)
    needed = {line.split("[")[1].rstrip("]") for line in dynamic.stdout.splitlines() if "(NEEDED)" in line}
    assert needed <= {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}, needed
    assert not [name for name in container_export() if "/libgcc_s.so" in name or "/libssl" in name or "/libcrypto" in name]


def test_version_works_in_a_hardened_container(root: Path) -> None:
    said = docker("run", "--rm", "--network", "none", *HARDENED, IMAGE, "--version").decode()
    version = tomllib.loads((root / "Cargo.toml").read_text(encoding="utf-8"))["package"]["version"]
    assert said == f"shardferry {version}\n"


def test_run_is_what_it_does_unless_told_otherwise() -> None:
    done = subprocess.run([DOCKER, "run", "--rm", "--network", "none", *HARDENED, IMAGE],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 2, done.stdout
    assert "--checkpoint is missing" in done.stdout


def test_the_build_sees_nothing_but_what_it_needs(root: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Everything that .dockerignore lets through, of a folder in which secrets lie about."""
    folder = tmp_path / "context"
    folder.mkdir()
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=root, stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "--create", "--null", "--files-from", "-", "--file",
                    str(tmp_path / "tracked.tar")], cwd=root, input=tracked, check=True)
    with tarfile.open(tmp_path / "tracked.tar") as files:
        files.extractall(folder, filter="data")
    for place in (".env", "secrets.yaml", ".git/config", "src/.env", "src/tls.key", "target/dist/x", "tests/env/.env",
                  "config.yaml", "docs/x.md", ".cargo/config.toml"):
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PLANTED, encoding="utf-8")
    tag = f"shardferry:{request.getfixturevalue('test_name')}"
    docker("build", "--tag", tag, "--file", "-", ".", stdin=b"FROM scratch\nCOPY . /\n", cwd=folder)
    (files_of,) = layers(tag)
    manifests = {f"/{folder}Cargo.toml" for folder in ("", "benches/", "tests/", "tests/mssim/")}
    strangers = [name for name in files_of if not name.startswith("/src/") and name not in manifests | {"/Cargo.lock"}]
    assert strangers == []
    assert [name for name, content in files_of.items() if PLANTED.encode() in content] == []
    assert "/src/main.rs" in files_of
    assert sum(map(len, files_of.values())) < 5_000_000


def test_the_bill_of_materials_is_complete(root: Path) -> None:
    subprocess.run(["make", "--no-print-directory", "sbom"], cwd=root, check=True)
    bill = json.loads((root / "target/sbom/shardferry.cdx.json").read_text(encoding="utf-8"))
    assert bill["bomFormat"] == "CycloneDX" and bill["metadata"]["component"]["name"] == "shardferry"
    required = {part["name"]: part for part in bill["components"] if part["scope"] == "required"}
    for linked in ("tokio", "rustls", "tiberius", "tokio-postgres", "aws-sdk-s3", "ring"):
        assert required[linked]["hashes"][0]["alg"] == "SHA-256" and required[linked]["licenses"], linked
    every = {part["name"] for part in bill["components"]}
    assert not every & {"mssim", "rusqlite", "insta", "proptest"}, "crates of the tests"
