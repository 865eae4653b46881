"""The models that have judged, word for word, so that any verdict can be made again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from sqlalchemy import select

from connector.ledger.database import Database
from connector.ledger.frames import upsert
from connector.ledger.tables import models

if TYPE_CHECKING:
    from collections.abc import Mapping


class Models(Database):
    """Each model of a connection once, by the digest that verdicts name."""

    def model(self, connection: str, digest: str) -> dict[str, Any] | None:
        """The model with this digest: name, version, text (YAML), extra (JSON: fact → kind), at."""
        here = (models.c.connection == connection, models.c.digest == digest)
        with self.reading() as transaction:
            found = transaction.execute(select(models).where(*here)).mappings().first()
            return dict(found) if found else None

    def keep_model(self, connection: str, model: Mapping[str, Any]) -> None:
        """Keep a model: digest, name, version, text, extra."""
        with self.writing() as transaction:
            constants = {"connection": connection, "at": self._clock()}
            upsert(transaction, models, pl.DataFrame([dict(model)]), constants)
