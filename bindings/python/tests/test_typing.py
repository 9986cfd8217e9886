"""The stubs: that they say what the module has, and that type checkers take and refuse what they should."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
GOOD = ["examples", "bench.py", "tests/smoke.py", "tests/typing_good.py"]
BAD = "tests/typing_bad.py"


def run(*command: str) -> subprocess.CompletedProcess[str]:
    # Here, for the settings in pyproject.toml. The package is the installed one, of the first Python in PATH.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=HERE,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def expected() -> dict[int, str]:
    """The lines of `typing_bad.py` that are wrong, and mypy's code for each."""
    lines = (HERE / BAD).read_text(encoding="utf-8").splitlines()
    found = {number: re.search(r"# error: (\S+)$", line) for number, line in enumerate(lines, 1)}
    return {number: match[1] for number, match in found.items() if match}


def test_the_stubs_say_what_the_module_has() -> None:
    done = run("mypy.stubtest", "kycvs._kycvs")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"no issues found in 1 module", done.stdout)


def test_mypy_takes_what_is_right() -> None:
    done = run("mypy", "--strict", *GOOD)
    assert done.returncode == 0, done.stdout + done.stderr
    done = run("mypy", "--strict", "--package", "kycvs")
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_takes_these_tests() -> None:
    done = run("mypy", "--strict", "--exclude", "typing_bad", "tests")
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_refuses_what_is_wrong() -> None:
    done = run("mypy", "--strict", "--no-error-summary", "--hide-error-context", BAD)
    errors = re.findall(r"^\S+?:(\d+): error: .*\[(\S+)\]$", done.stdout, re.MULTILINE)
    assert {int(line): code for line, code in errors} == expected(), done.stdout
    assert len(errors) == len(expected()) >= 20


def pyright(*files: str) -> list[dict[str, object]]:
    done = run("pyright", "--pythonpath", sys.executable, "--outputjson", *files)
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] >= len(files)
    found: list[dict[str, object]] = report["generalDiagnostics"]
    return found


def test_pyright_takes_what_is_right() -> None:
    assert pyright(*GOOD) == []


def test_pyright_refuses_what_is_wrong() -> None:
    errors = [diagnostic for diagnostic in pyright(BAD) if diagnostic["severity"] == "error"]
    lines = {diagnostic["range"]["start"]["line"] + 1 for diagnostic in errors}  # type: ignore[index]
    assert lines == set(expected())
    assert len(lines) >= 20


def test_pyright_finds_every_public_type() -> None:
    done = run("pyright", "--verifytypes", "kycvs", "--ignoreexternal", "--outputjson")
    completeness = json.loads(done.stdout)["typeCompleteness"]
    incomplete = [
        (symbol["name"], [one["message"] for one in symbol["diagnostics"]])
        for symbol in completeness["symbols"]
        if symbol["isExported"] and not symbol["isTypeKnown"]
    ]
    assert incomplete == []
    assert completeness["completenessScore"] == 1
