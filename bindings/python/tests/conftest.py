"""What the tests here start from; `tests_arrow` and `tests_spark` start from the same."""

from fixtures import answer, issuer, trust, verifier

__all__ = ["answer", "issuer", "trust", "verifier"]
