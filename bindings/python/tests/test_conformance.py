"""Every case of `test-vectors/`, each a test of its own; the whole result is compared.

With KYCVS_CONFORMANCE_OUT, the counts are written to that file: `cargo xtask test` compares them between platforms.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import vectors
from kycvs import (
    IssuingError,
    KycvsError,
    Presentation,
    RefusedError,
    SetUpError,
    UnreadableError,
    UntrustedError,
)

OUTCOMES: dict[str, dict[str, bool]] = {name: {} for name in vectors.FILES}
FAMILIES: dict[str, type[KycvsError]] = {
    "unreadable": UnreadableError,
    "untrusted": UntrustedError,
    "refused": RefusedError,
    "set_up": SetUpError,
    "issuing": IssuingError,
}


@pytest.fixture(scope="module", autouse=True)
def counts() -> Iterator[None]:
    yield
    out = os.environ.get("KYCVS_CONFORMANCE_OUT")
    if out:
        files = {
            name: {"cases": len(outcomes), "passed": sum(outcomes.values())} for name, outcomes in OUTCOMES.items()
        }
        failed = [case_id for outcomes in OUTCOMES.values() for case_id, passed in outcomes.items() if not passed]
        Path(out).write_text(json.dumps({"platform": "python", "files": files, "failed": failed}), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "one"),
    [pytest.param(name, one, id=one["id"]) for name in vectors.FILES for one in vectors.cases(name)],
)
def test_case(name: str, one: vectors.Json) -> None:
    OUTCOMES[name][one["id"]] = False
    assert vectors.result_of(vectors.DECIDE[name], vectors.CONTENT[name], one) == one["expected"]
    OUTCOMES[name][one["id"]] = True


def test_each_code_is_an_exception_of_its_family() -> None:
    for name in vectors.FILES:
        for one in vectors.cases(name):
            if "code" not in one["expected"]:
                continue
            with pytest.raises(FAMILIES[one["expected"]["family"]]) as caught:
                vectors.DECIDE[name](vectors.CONTENT[name], one)
            assert caught.type is FAMILIES[one["expected"]["family"]], one["id"]


def test_every_form_of_an_input_is_decided_alike() -> None:
    for name in ("valid.json", "invalid.json"):
        for one in vectors.cases(name):
            data = bytes.fromhex(one["presentation"])

            def decide(given: object) -> vectors.Json:
                def verify(file: vectors.Json, one: vectors.Json) -> vectors.Json:
                    verifier, expectation = vectors.set_up(file, one)
                    return {"verdict": vectors.as_json(verifier.verify(given, **expectation))}  # type: ignore[arg-type]

                return vectors.result_of(verify, vectors.CONTENT[name], one)

            forms: list[object] = [bytearray(data), memoryview(data), memoryview(data[::-1])[::-1]]
            try:
                presentation = Presentation.from_bytes(data)
            except UnreadableError:
                pass
            else:
                forms += [presentation, presentation.to_text(), f" {presentation.to_base64url()}\r\n"]
            for form in forms:
                assert decide(form) == one["expected"], (one["id"], type(form))


def test_every_change_and_every_cut_of_a_token_is_refused() -> None:
    file, one = vectors.case("valid/specification")
    verifier, expectation = vectors.set_up(file, one)
    data = bytes.fromhex(one["presentation"])
    changed = [data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :] for at in range(len(data)) for bit in range(8)]
    cut = [data[:length] for length in range(len(data))]
    results = verifier.verify_many(changed + cut, **expectation)
    assert len(results) == 9 * len(data)
    assert all(isinstance(result, KycvsError) for result in results)
