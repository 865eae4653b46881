"""People who do not want to be written to, as salted digests that outlive every lead."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from sqlalchemy import select

from connector.engine.ledger.opt_outs import person_digest
from connector.ledger.database import Database
from connector.ledger.tables import opt_outs, salts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection

_SALT = "opt_outs"


class OptOuts(Database):
    """The opt-outs of all connections; see `connector.engine.ledger.opt_outs`."""

    def record_opt_out(self, person_key: str, at: datetime, source: str) -> bool:
        """Nobody writes to this person any more; whether that was new. The first record stays."""
        return self.record_opt_out_of(person_digest(person_key), at, source)

    def record_opt_out_of(self, digest: str, at: datetime, source: str) -> bool:
        """The same for a person of whom only the digest is known (see `person_digest`)."""
        with self.writing() as transaction:
            salt = _salt(transaction) or _new_salt(transaction)
            kept = _kept(salt, digest)
            known = select(opt_outs.c.person).where(opt_outs.c.person == kept)
            if transaction.execute(known).first() is not None:
                return False
            transaction.execute(opt_outs.insert().values(person=kept, at=at, source=source))
        return True

    def opted_out(self, person_keys: Iterable[str]) -> frozenset[str]:
        """Which of these people have opted out."""
        with self.reading() as transaction:
            salt = _salt(transaction)
            if salt is None:
                return frozenset()
            kept = frozenset(transaction.execute(select(opt_outs.c.person)).scalars())
        return frozenset(key for key in person_keys if _kept(salt, person_digest(key)) in kept)


def _kept(salt: bytes, digest: str) -> str:
    return hmac.digest(salt, digest.encode(), hashlib.sha256).hex()


def _salt(transaction: Connection) -> bytes | None:
    text = transaction.execute(select(salts.c.salt).where(salts.c.name == _SALT)).scalar()
    return bytes.fromhex(text) if text else None


def _new_salt(transaction: Connection) -> bytes:
    salt = secrets.token_bytes(32)
    transaction.execute(salts.insert().values(name=_SALT, salt=salt.hex()))
    return salt
