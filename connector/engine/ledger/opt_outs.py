"""What the engine asks of the ledger about people who do not want to be written to."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


class OptOutStore(Protocol):
    """The opt-outs, for all connections together. They outlive the leads, and who is forgotten.

    A person's key is that of `scoring.revival.persons`, mostly the normalised e-mail address. Only
    digests of it are kept.
    """

    def record_opt_out(self, person_key: str, at: datetime, source: str) -> bool:
        """Nobody writes to this person any more; whether that was new. The first record stays."""
        ...

    def record_opt_out_of(self, digest: str, at: datetime, source: str) -> bool:
        """The same for a person of whom only the digest is known (see `person_digest`)."""
        ...

    def opted_out(self, person_keys: Iterable[str]) -> frozenset[str]:
        """Which of these people have opted out."""
        ...


def person_digest(person_key: str) -> str:
    """A person's key as unsubscribe tokens carry it: SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(person_key.encode()).hexdigest()
