"""What these tests start from: the same as those of `tests`."""

from fixtures import answer, issuer, trust, verifier

__all__ = ["answer", "issuer", "trust", "verifier"]
