"""What the scripts of this folder share: counting checks, and calling `kycvs`.

A script prints one line for each check, and ends with `N passed, N failed` and exit status 0 or 1. A line
`note: ...` tells the reader of `cargo xtask test` of a limit of what was checked.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn


class Checks:
    """Counts checks and says each one's name and outcome."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def check(self, name: str, passed: bool, detail: object = "") -> bool:
        """One check. `detail` is shown where it failed."""
        if passed:
            self.passed += 1
            print(f"ok      {name}")
        else:
            self.failed += 1
            print(f"FAILED  {name}  {detail}")
        return passed

    def note(self, text: str) -> None:
        print(f"note: {text}")

    def close(self) -> NoReturn:
        """Prints the count and ends the program."""
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed else 0)


class Kycvs:
    """The command line, always called with `--json`."""

    def __init__(self, program: str) -> None:
        self.program = program

    def __call__(self, *arguments: object) -> Answer:
        words = [self.program, *map(str, arguments), "--json"]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        text = done.stdout.decode("utf-8", "replace")
        try:
            answer = json.loads(text)
        except ValueError:
            answer = {"not_json": text, "stderr": done.stderr.decode("utf-8", "replace")}
        return Answer(done.returncode, answer, " ".join(words))


class Answer:
    """What one call of `kycvs` printed, and its exit status."""

    def __init__(self, status: int, value: dict[str, Any], command: str) -> None:
        self.status = status
        self.value = value
        self.command = command

    @property
    def ok(self) -> bool:
        return self.status == 0 and "not_json" not in self.value and self.value.get("ok", True) is True

    def refused_with(self, code: str) -> bool:
        """Whether this is the failure `code`, by its exit status and in what was printed."""
        return self.status in (1, 2) and self.value.get("ok") is False and self.value.get("code") == code

    def __getitem__(self, name: str) -> Any:
        return self.value[name]

    def __str__(self) -> str:
        return f"exit status {self.status}: {json.dumps(self.value)} from {self.command}"


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
