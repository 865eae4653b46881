"""The CRM's schema as it was when the mapping last fitted it."""

from __future__ import annotations

import polars as pl
from sqlalchemy import select

from connector.ledger.database import Database
from connector.ledger.frames import upsert
from connector.ledger.tables import schemas


class Schemas(Database):
    """One schema per connection."""

    def kept_schema(self, connection: str) -> tuple[str, str] | None:
        """The mapping's digest and the fields (JSON) of the last schema that fitted."""
        statement = select(schemas.c.mapping, schemas.c.fields)
        with self.reading() as transaction:
            row = transaction.execute(statement.where(schemas.c.connection == connection)).first()
        return None if row is None else (row.mapping, row.fields)

    def keep_schema(self, connection: str, run: str, mapping: str, fields: str) -> None:
        """Keep the schema that fits now instead of the one before."""
        values = {"run": run, "mapping": mapping, "fields": fields, "at": self._clock()}
        with self.writing() as transaction:
            upsert(transaction, schemas, pl.DataFrame({"connection": [connection]}), values)
