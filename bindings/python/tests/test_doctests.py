"""The examples of the documentation: of every public item, and of README.md."""

from __future__ import annotations

import doctest
import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path

import kycvs
import kycvs.aio
import pytest

README = Path(__file__).resolve().parent.parent / "README.md"
# As doctest has it for exceptions whose module is named.
OPTIONS = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL


def public_items() -> Iterator[tuple[str, object]]:
    """The package, all that it exports, and the members of its classes."""
    yield "kycvs", kycvs
    yield "aio", kycvs.aio
    every = {name: getattr(kycvs, name) for name in kycvs.__all__ if name != "__version__"}
    every |= {f"aio.{name}": getattr(kycvs.aio, name) for name in kycvs.aio.__all__}
    for name, item in every.items():
        yield name, item
        if inspect.isclass(item):
            for member, value in vars(item).items():
                if not member.startswith("_") and member not in getattr(item, "__members__", ()):
                    yield f"{name}.{member}", getattr(item, member) if isinstance(value, staticmethod) else value


ITEMS = dict(public_items())


@pytest.mark.parametrize("name", ITEMS)
def test_every_public_item_is_documented(name: str) -> None:
    item = ITEMS[name]
    documentation = inspect.getdoc(item)
    assert documentation, f"{name} has no documentation"
    # What is read, and what an app writes itself, is shown by the example of its class; and `kycvs.aio` by its own.
    is_read = inspect.isgetsetdescriptor(item) or isinstance(item, property)
    if not is_read and not name.startswith(("Signer.", "ReplayGuard.", "aio.")):
        assert ">>>" in documentation, f"{name} has no example"


@pytest.mark.parametrize("name", ITEMS)
def test_every_example_runs(name: str) -> None:
    documentation = inspect.getdoc(ITEMS[name]) or ""
    run(name, documentation, {})


def run(name: str, documentation: str, names: dict[str, object]) -> int:
    example = doctest.DocTestParser().get_doctest(documentation, names, name, None, None)
    told: list[str] = []
    failed, attempted = doctest.DocTestRunner(optionflags=OPTIONS).run(example, out=told.append, clear_globs=False)
    assert not failed, "".join(told)
    return attempted


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its blocks of Python, one after the other, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for number, block in enumerate(blocks("python")):
        if ">>>" in block:
            assert run(f"README.md, block {number}", block, names)
        else:
            exec(compile(block, f"README.md, block {number}", "exec"), names)
    assert len(blocks("python")) >= 9
    assert os.listdir(tmp_path)
