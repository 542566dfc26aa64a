#!/usr/bin/env python3
"""The bill of materials of the program in the image, as CycloneDX 1.6 JSON: sbom.py [--target TRIPLE] OUTPUT

Every crate that is linked into the binary (scope required) or runs when it is built (scope excluded), with version,
licence, checksum and package URL, and who needs whom. Crates of the tests are not in it. What is linked is asked of
`cargo tree`, which knows the features; the rest of `cargo metadata` and Cargo.lock. Written with CycloneDX's own
library and validated against the schema before it is stored; an invalid document is an error.
"""

import argparse
import json
import subprocess
import sys
import tomllib
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "shardferry"
BASE = "gcr.io/distroless/base-nossl-debian12:nonroot"

Key = tuple[str, str]


def cargo(*arguments: str) -> str:
    return subprocess.run(["cargo", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def tree(edges: str, target: str) -> tuple[set[Key], set[tuple[Key, Key]]]:
    """The crates that `edges` lead to from the program, and who needs whom."""
    text = cargo("tree", "--locked", "--package", PROGRAM, "--edges", edges, "--target", target,
                 "--prefix", "depth", "--no-dedupe", "--format", "|{p}")
    crates: set[Key] = set()
    needs: set[tuple[Key, Key]] = set()
    path: list[Key] = []
    for line in text.splitlines():
        depth, package = line.split("|", 1)
        name, version = package.split(" ")[:2]
        key = (name, version.removeprefix("v"))
        path[int(depth):] = [key]
        crates.add(key)
        if len(path) > 1:
            needs.add((path[-2], key))
    return crates, needs


def host() -> str:
    text = subprocess.run(["rustc", "-vV"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return next(line.split(": ")[1] for line in text.splitlines() if line.startswith("host: "))


def component(key: Key, package: dict, checksum: str | None, scope: ComponentScope) -> Component:
    # Old manifests write MIT/Apache-2.0 where SPDX says OR.
    licence = (package["license"] or "").replace("/", " OR ")
    return Component(
        type=ComponentType.LIBRARY, name=key[0], version=key[1], scope=scope,
        bom_ref=f"pkg:cargo/{key[0]}@{key[1]}", purl=PackageURL("cargo", name=key[0], version=key[1]),
        description=package["description"],
        licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=checksum)] if checksum else [],
    )


def bill(target: str) -> Bom:
    linked, _ = tree("normal,no-proc-macro", target)
    crates, needs = tree("normal,build", target)
    metadata = json.loads(cargo("metadata", "--locked", "--format-version", "1"))
    packages = {(p["name"], p["version"]): p for p in metadata["packages"]}
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))
    checksums = {(p["name"], p["version"]): p.get("checksum") for p in lock["package"]}
    components = {
        key: component(key, packages[key], checksums[key],
                       ComponentScope.REQUIRED if key in linked else ComponentScope.EXCLUDED)
        for key in sorted(crates)
    }
    program = next(key for key in crates if key[0] == PROGRAM)
    root = components.pop(program)
    root.type, root.scope = ComponentType.APPLICATION, None
    bom = Bom(components=components.values())
    bom.metadata.component = root
    base, tag = BASE.rsplit(":", 1)
    image = Component(type=ComponentType.CONTAINER, name=base, version=tag, bom_ref=BASE, scope=ComponentScope.REQUIRED)
    bom.components.add(image)
    bom.register_dependency(root, [image])
    for key in sorted(crates):
        of = root if key == program else components[key]
        bom.register_dependency(of, [components[needed] for by, needed in sorted(needs) if by == key])
    return bom


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    parser.add_argument("--target", default=None, help="target triple [default: this machine's]")
    arguments = parser.parse_args()
    bom = bill(arguments.target or host())
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        print(f"sbom.py: not valid CycloneDX 1.6: {error}", file=sys.stderr)
        return 1
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(text + "\n", encoding="utf-8")
    print(f"{arguments.output}: {len(bom.components)} components")
    return 0


if __name__ == "__main__":
    sys.exit(main())
