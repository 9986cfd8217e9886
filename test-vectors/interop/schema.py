"""The test vectors held against their JSON schema.

    python schema.py TEST_VECTORS

Each `*.json` is checked against the schema beside it, `schema.json` or `*.schema.json`. So that the schema is known
to say something, each file is also spoilt in a few ways that the schema has to refuse.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema.validators import validator_for

from checks import Checks

checks = Checks()


def main() -> None:
    folder = Path(sys.argv[1])
    files = sorted(folder.glob("*.json"))
    schemas = [file for file in files if file.name.endswith("schema.json")]
    vectors = [file for file in files if file not in schemas]
    checks.check("there are vectors and a schema", bool(schemas and vectors), [file.name for file in files])
    for file in vectors:
        schema = schema_of(file, schemas)
        if checks.check(f"{file.name} has a schema", schema is not None) and schema is not None:
            check_file(file, read(schema))
    checks.close()


def schema_of(vectors: Path, schemas: list[Path]) -> Path | None:
    """`NAME.schema.json` for `NAME.json`, else the one schema of all."""
    own = vectors.with_suffix(".schema.json")
    if own in schemas:
        return own
    return schemas[0] if len(schemas) == 1 else None


def check_file(file: Path, schema: dict[str, Any]) -> None:
    kind = validator_for(schema)
    kind.check_schema(schema)
    validator = kind(schema)
    content = read(file)
    faults = [f"{fault.json_path}: {fault.message[:200]}" for fault in validator.iter_errors(content)]
    checks.check(
        f"{file.name}: {len(content['cases'])} cases are what the schema says", not faults, faults[:5]
    )
    for name, spoilt in spoil(content):
        checks.check(f"{file.name}: the schema refuses {name}", not validator.is_valid(spoilt))


def spoil(content: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    def changed() -> tuple[dict[str, Any], dict[str, Any]]:
        whole = copy.deepcopy({**content, "cases": content["cases"][:1]})
        return whole, whole["cases"][0]

    whole, _ = changed()
    del whole["schema"]
    yield "a file that names no schema", whole
    whole, case = changed()
    case["surprise"] = 1
    yield "an unknown field in a case", whole
    for field in ("id", "comment", "flags", "expected"):
        whole, case = changed()
        del case[field]
        yield f"a case without {field}", whole
    whole, case = changed()
    case["expected"] = {"code": "no_such_code", "number": 1, "family": "unreadable"}
    yield "a code that does not exist", whole


def read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
