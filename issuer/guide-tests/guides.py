"""The pages of this folder's neighbours, as a reader follows them: files are written, commands typed, outputs compared.

A fenced block says by its first line what it is:

- `console`: commands behind `$`, and what they print, where `[..]` stands for anything in a line and `...` for any
  lines; `? 1` in front says the exit status, as in the top README;
- `sh`: commands that have to end well;
- a language and the name of a file: that file;
- anything else is for the reader alone.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import requests

from service import KYCVS, until


@dataclass(frozen=True)
class Block:
    kind: str
    name: str
    text: str


def blocks(page: Path, ports: dict[int, int]) -> list[Block]:
    """The fenced blocks of a page, with free ports in place of those that it names."""
    text = page.read_text()
    for named, free in ports.items():
        text = text.replace(f"127.0.0.1:{named}", f"127.0.0.1:{free}")
    fenced = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(*groups) for groups in fenced]


@dataclass
class Reader:
    """Someone who follows a page in a folder, and keeps what was shown once."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def follow(self, block: Block) -> None:
        if block.name:
            (self.folder / block.name).write_text(block.text)
        elif block.kind == "console":
            for session in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
                command, _, expected = session.partition("\n")
                self._session(command, expected.strip("\n"))
        elif block.kind == "sh":
            ended = self._bash(f"set -euo pipefail\n{block.text}")
            assert ended.returncode == 0, (block.text, ended.stdout)

    def close(self) -> None:
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait(20)

    def environment(self) -> dict[str, str]:
        path = f"{Path(KYCVS).resolve().parent}:{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "COLUMNS": "100", **self.variables}

    def start(self, command: str, log: str) -> None:
        with (self.folder / log).open("wb") as output:
            words = ["bash", "-c", f"exec {command}"]
            process = subprocess.Popen(
                words, cwd=self.folder, env=self.environment(), stdout=output, stderr=output
            )
        self.running.append(process)

    def _session(self, command: str, expected: str) -> None:
        if command.startswith("kycvs serve"):
            self.start(command, "serve.log")
            url = re.findall(r'"(http://127[^"]*)"', (self.folder / "kycvs.toml").read_text())[0]
            until("the service is ready", lambda: self._is_ready(url))
            shown, status = (self.folder / "serve.log").read_text(), 0
        else:
            ended = self._bash(command)
            shown, status = ended.stdout, ended.returncode
        if match := re.match(r"\? (\d+)\n", expected):
            wanted, expected = int(match[1]), expected[match.end() :]
        else:
            wanted = 0
        assert status == wanted, (command, shown)
        assert fits(shown, expected), f"$ {command}\n{shown}\n--- and not\n{expected}"
        self._keep(shown)

    def _is_ready(self, url: str) -> bool | None:
        assert self.running[-1].poll() is None, (self.folder / "serve.log").read_text()
        try:
            return requests.get(f"{url}/readyz", timeout=5).ok or None
        except requests.ConnectionError:
            return None

    def _keep(self, shown: str) -> None:
        """What a reader writes down: a key that is shown once, and the head of the audit log."""
        for name, pattern in {
            "API_KEY": r"kycvs_[\w-]{43}\b",
            "WEBHOOK_SECRET": r"whsec_[\w+/=]+",
            "HEAD": r"\d+:[0-9a-f]{64}",
        }.items():
            if found := re.search(pattern, shown):
                self.variables[name] = found.group()

    def _bash(self, script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )


def fits(shown: str, expected: str) -> bool:
    """Whether this was shown, but for what the page leaves open."""
    pattern = ""
    for line in expected.splitlines():
        if line == "...":
            pattern += r"(?:.*\n)*"
        else:
            pattern += re.escape(line).replace(re.escape("[..]"), r"[^\n]*") + r"\s*\n"
    return re.fullmatch(pattern, shown.rstrip("\n") + "\n" if shown.strip() else "") is not None


def wait_for(url: str) -> None:
    def answers() -> bool | None:
        try:
            return requests.get(url, timeout=5).ok or None
        except requests.ConnectionError:
            time.sleep(0.05)
            return None

    until(f"{url} answers", answers)
