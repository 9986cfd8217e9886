"""Plain values. Their numbers and names are those of the core, which the tests see to."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Status(enum.IntEnum):
    """The answer to "is this person vaccinated?". Ordered: more vaccinated is greater.

    >>> from kycvs import Status
    >>> Status(2)
    <Status.FULLY_VACCINATED: 2>
    >>> Status.PARTIALLY_VACCINATED < Status.FULLY_VACCINATED
    True
    """

    __module__ = "kycvs"

    NOT_VACCINATED = 0
    """Not vaccinated."""

    PARTIALLY_VACCINATED = 1
    """Partially vaccinated."""

    FULLY_VACCINATED = 2
    """Fully vaccinated."""


class Algorithm(enum.Enum):
    """The two names of one signature scheme, Ed25519 (RFC 8032), that a token can carry.

    The entry of a key in the trust store says which of the two its tokens carry, so that there is no choice for an
    attacker to make.

    >>> from kycvs import Algorithm
    >>> Algorithm("EdDSA")
    <Algorithm.EDDSA: 'EdDSA'>
    """

    __module__ = "kycvs"

    EDDSA = "EdDSA"
    """-8 (RFC 9053, section 2.2): the one that the COSE libraries in use today read."""

    ED25519 = "Ed25519"
    """-19 (RFC 9864, section 2.2): the fully specified successor."""


@dataclass(frozen=True)
class StatusListRef:
    """A place in a Token Status List: the index in the list, and the address of the list.

    >>> from kycvs import StatusListRef
    >>> StatusListRef(7, "https://example.org/lists/1").index
    7
    """

    __module__ = "kycvs"

    index: int
    """The place in the list."""

    uri: str
    """Where the list is."""
