"""Refuses unknown fields and wrong types in Argo objects: a JSON list of them on stdin; what is wrong on stdout, exit 1.

Runs in the venv of install.sh. Hera's models let unknown fields pass; forbidding them must come before the models are made.
"""

from __future__ import annotations

import json
import sys

from hera.shared import _pydantic

_pydantic.APIBaseModel.model_config["extra"] = "forbid"

from hera.workflows import models  # noqa: E402
from pydantic import ValidationError  # noqa: E402

wrong = 0
for obj in json.load(sys.stdin):
    try:
        getattr(models, obj["kind"]).model_validate(obj)
    except ValidationError as error:
        wrong = 1
        for found in error.errors():
            place = ".".join(str(part) for part in found["loc"])
            print(f"{obj['kind']}: {place}: {found['msg']}")
sys.exit(wrong)
