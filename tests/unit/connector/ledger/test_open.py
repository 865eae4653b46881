"""Opening: private files, migrations once, clear words when it cannot be."""

from __future__ import annotations

import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from connector.errors import ConfigurationError, TransientError
from connector.ledger import database, open_ledger
from connector.ledger.tables import HEAD, metadata

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from connector.ledger import SqlLedger


def _alter(url: str, statement: str) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_files_are_private(tmp_path: Path, clock: Callable[[], object]) -> None:
    """Nobody but the owner can read the database nor what SQLite keeps beside it."""
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", clock=clock)
    with ledger.writing() as transaction:
        transaction.execute(text("INSERT INTO watermarks VALUES ('acme', 1, 'r1', 'k1')"))

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    ledger.close()

    assert modes == {"ledger.db": 0o600, "ledger.db-wal": 0o600, "ledger.db-shm": 0o600}


def test_schema_equals_the_tables(url: str, ledger: SqlLedger) -> None:
    """The migrations make exactly the tables that the code uses."""
    with ledger.reading() as transaction:
        found = compare_metadata(MigrationContext.configure(transaction), metadata)

    assert found == []


def test_head_is_the_newest_migration() -> None:
    """The fast check at opening compares with the last migration there is."""
    config = Config()
    config.set_main_option("script_location", "connector.ledger:migrations")
    config.set_main_option("path_separator", "os")

    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_opening_again_needs_no_alembic(tmp_path: Path) -> None:
    """A ledger that is up to date opens without loading the migration library."""
    script = (
        "import sys, datetime\n"
        "from connector.ledger import open_ledger\n"
        "clock = lambda: datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)\n"
        "open_ledger(sys.argv[1], clock=clock).close()\n"
        "print('alembic' in sys.modules)\n"
    )
    command = [sys.executable, "-c", script, f"sqlite:///{tmp_path / 'ledger.db'}"]
    first, again = (
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        for _ in range(2)
    )

    assert (first, again) == ("True", "False")


def test_many_may_open_a_new_ledger_at_once(url: str, clock: Callable[[], object]) -> None:
    """Whoever comes first migrates; the others wait and find it done."""

    def visit(_number: int) -> int:
        ledger = open_ledger(url, clock=clock)
        count = ledger.count_leads("acme")
        ledger.close()
        return count

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(visit, range(8))) == [0] * 8


def test_newer_schema_is_refused(
    url: str, opened: Callable[[], SqlLedger], clock: Callable[[], object]
) -> None:
    """A schema from the future is left alone, and the message says what to do."""
    opened().close()
    _alter(url, "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(ConfigurationError, match=r"schema is 9999.*pip install --upgrade leadgate"):
        open_ledger(url, clock=clock)


def test_foreign_database_is_refused(url: str, clock: Callable[[], object]) -> None:
    """A database that holds somebody else's leads is not migrated."""
    if url.startswith("sqlite"):
        database.connect(url).dispose()
    _alter(url, "CREATE TABLE leads (name TEXT)")

    with pytest.raises(ConfigurationError, match="a database of its own"):
        open_ledger(url, clock=clock)

    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    assert inspect(engine).get_table_names() == ["leads"]
    engine.dispose()


def test_failed_migration_leaves_nothing(
    url: str, clock: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration is done whole or not at all, so that the next opening can do it again."""
    create = Operations.create_index

    def fail(self: Operations, name: str, *arguments: object, **options: object) -> object:
        if name == "conversions_by_state":
            raise KeyboardInterrupt
        return create(self, name, *arguments, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Operations, "create_index", fail)
        with pytest.raises(KeyboardInterrupt):
            open_ledger(url, clock=clock)
    ledger = open_ledger(url, clock=clock)

    assert ledger.count_leads("acme") == 0
    ledger.close()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("leadgate.db", "not an address of a database"),
        ("sqlite://", "in memory would forget"),
        ("sqlite:///:memory:", "in memory would forget"),
        ("mysql://root:hush@host/x", '"mysql" is not a database for it'),
        ("nonsense+odd://root:hush@host/x", "not an address of a database|not a database for it"),
        ("sqlite:////nowhere/at/all/ledger.db", "cannot create"),
        ("sqlite:////", "is a folder"),
    ],
)
def test_bad_addresses_are_explained(address: str, words: str, clock: Callable[[], object]) -> None:
    """Each wrong address is refused with what is wrong, and without its password."""
    with pytest.raises(ConfigurationError, match=words) as caught:
        open_ledger(address, clock=clock)

    assert "hush" not in str(caught.value)


def test_other_file_is_refused(tmp_path: Path, clock: Callable[[], object]) -> None:
    """A file that is no database is named as such and stays as it was."""
    path = tmp_path / "leads.csv"
    path.write_text("id,email\n" * 200)

    with pytest.raises(ConfigurationError, match="file is not a database"):
        open_ledger(f"sqlite:///{path}", clock=clock)

    assert path.read_text() == "id,email\n" * 200


def test_reading_never_waits_for_a_writer(opened: Callable[[], SqlLedger], clock) -> None:
    """While one process is in the middle of a write, another reads what was before."""
    writing, reading = opened(), opened()
    writing.set_watermark("acme", clock(), "r1", "k1")
    with writing.writing() as transaction:
        transaction.execute(text("UPDATE watermarks SET run = 'r2', at = 0"))
        begun = time.monotonic()
        watermark = reading.watermark("acme")
        waited = time.monotonic() - begun

    assert clock() == watermark
    assert waited < 1


def test_second_writer_is_told_to_come_again(
    tmp_path: Path, clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that waits too long gets an error that says: later."""
    monkeypatch.setattr(database, "BUSY_MILLISECONDS", 50)
    address = f"sqlite:///{tmp_path / 'ledger.db'}"
    one, other = open_ledger(address, clock=clock), open_ledger(address, clock=clock)

    with one.writing(), pytest.raises(TransientError, match="database is locked"):
        other.set_watermark("acme", clock(), "r1", "k1")

    one.close()
    other.close()
