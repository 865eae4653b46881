"""Every migration there is, up and down, on both databases, with rows in the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Float, Integer, MetaData, inspect, select

from connector.ledger import database
from connector.ledger.tables import HEAD
from connector.ledger.upgrade import migrations, version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection, Engine

Schema = dict[str, Any]


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """An engine on a database without tables."""
    made = database.connect(url)
    yield made
    made.dispose()


def _revisions() -> list[str]:
    """Every revision, oldest first; the first is "base"."""
    config = migrations(None)  # type: ignore[arg-type]
    walked = ScriptDirectory.from_config(config).walk_revisions()
    return ["base", *reversed([script.revision for script in walked])]


def _schema(connection: Connection) -> Schema:
    """What a database has, in words that can be compared: columns, keys, indexes."""
    looked = inspect(connection)
    return {
        name: (
            [
                (c["name"], str(c["type"]), c["nullable"], c["default"])
                for c in looked.get_columns(name)
            ],
            looked.get_pk_constraint(name)["constrained_columns"],
            sorted(
                (i["name"], i["column_names"], _words(i.get("dialect_options")))
                for i in looked.get_indexes(name)
            ),
        )
        for name in sorted(looked.get_table_names())
        if name != "alembic_version"
    }


def _words(options: Mapping[str, object] | None) -> dict[str, str]:
    return {name: str(value) for name, value in (options or {}).items()}


def _fill(connection: Connection) -> None:
    """A row in every table that is empty."""
    there = MetaData()
    there.reflect(connection)
    for table in there.sorted_tables:
        if table.name == "alembic_version" or connection.execute(select(table)).first():
            continue
        row = {c.name: 1 if isinstance(c.type, Integer | Float) else "x" for c in table.columns}
        connection.execute(table.insert().values(row))


def _rows(connection: Connection) -> dict[str, int]:
    there = MetaData()
    there.reflect(connection)
    return {t.name: len(connection.execute(select(t)).all()) for t in there.sorted_tables}


def test_each_migration_goes_up_and_down_again(engine: Engine) -> None:
    """Step by step down the schema is at each revision what it was on the way up; rows are no hindrance."""
    revisions = _revisions()
    seen: dict[str, Schema] = {}
    with database.writer(engine) as connection:
        config = migrations(connection)
        for revision in revisions[1:]:
            command.upgrade(config, revision)
            seen[revision] = _schema(connection)
            _fill(connection)
        for newer, older in zip(revisions[:0:-1], revisions[-2::-1], strict=True):
            assert version(connection) == newer
            command.downgrade(config, older)
            assert _schema(connection) == seen.get(older, {}), f"down from {newer}"


def test_rows_survive_every_later_migration(engine: Engine) -> None:
    """What the first schema held is there in the newest, and comes back from it."""
    with database.writer(engine) as connection:
        config = migrations(connection)
        command.upgrade(config, _revisions()[1])
        _fill(connection)
        before = _rows(connection)
        command.upgrade(config, HEAD)
        after = _rows(connection)
        command.downgrade(config, _revisions()[1])
        back = _rows(connection)

    assert after.items() >= before.items()
    assert back == before
