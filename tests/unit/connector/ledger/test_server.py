"""What is PostgreSQL's own: addresses, refusals in plain words, passwords, texts it cannot keep."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from sqlalchemy import select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from connector.errors import (
    ConfigurationError,
    RunAbortedError,
    TransientError,
)
from connector.ledger import open_ledger, staging
from connector.ledger.frames import among
from connector.ledger.refusals import explained
from connector.ledger.tables import leads
from tests.postgresql import empty_postgresql, engine_of, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector.ledger import SqlLedger
    from tests.unit.connector.ledger.conftest import Clock


@pytest.fixture
def url() -> str:
    """The address of a PostgreSQL database without tables."""
    return empty_postgresql()


def _other(url: str, **changed: Any) -> str:
    return shown(make_url(url).set(**changed))


def _run(url: str, *statements: str) -> None:
    engine = engine_of(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@contextmanager
def _guest(url: str) -> Iterator[str]:
    """The address for a user that may do nothing but come in."""
    name = f"guest_{make_url(url).database}"
    _run(url, f'DROP ROLE IF EXISTS "{name}"', f'CREATE ROLE "{name}" LOGIN')
    yield _other(url, username=name)
    _run(url, f'DROP ROLE "{name}"')


@pytest.mark.parametrize(
    ("said", "words", "kind"),
    [
        ('FATAL:  password authentication failed for user "ann"', '"ann" or the password', False),
        ("fe_sendauth: no password supplied", '"ann" or the password', False),
        ('FATAL:  no pg_hba.conf entry for host "1.2.3.4"', '"ann" or the password', False),
        ('FATAL:  role "ann" does not exist', '"ann" or the password', False),
        ('FATAL:  database "crm" does not exist', "createdb crm", False),
        ("failed to resolve host 'db.acme'", "no server called db.acme:5433", False),
        ("server does not support SSL, but SSL was required", "Check sslmode", False),
        ("connection failed: Connection refused\n\tIs the server", "no PostgreSQL server", True),
        ("Multiple connection attempts failed. All failures were:\n- timeout", "no Postgre", True),
        ("connection timeout expired", "no PostgreSQL server answers at db.acme:5433", True),
        ("FATAL:  sorry, too many clients already", "no connection free", True),
        ("FATAL:  the database system is starting up", "Try again later", True),
        ("ERROR:  permission denied for schema public", "GRANT CREATE ON SCHEMA", False),
        ("something nobody has seen", "cannot be used: something nobody has seen", False),
    ],
)
def test_refusals_are_told_in_plain_words(said: str, words: str, *, kind: bool) -> None:
    """What is wrong, where, and what to do; whoever may come again later is told so."""
    address = make_url("postgresql+psycopg://ann:hush@db.acme:5433/crm")
    told = explained(OperationalError(None, None, Exception(said)), address)

    assert words in str(told)
    assert "hush" not in str(told)
    assert isinstance(told, TransientError if kind else ConfigurationError)


def test_server_that_does_not_answer(clock: Clock) -> None:
    """Nobody listens there: said in words, with the place and without the password."""
    with pytest.raises(
        TransientError, match=r"no PostgreSQL server answers at 127.0.0.1:1"
    ) as said:
        open_ledger("postgresql://ann:hush@127.0.0.1:1/crm", clock=clock)

    assert "hush" not in str(said.value)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("postgresql://ann:hu@sh@host/crm", "%40"),
        ("postgresql://ann:hush@host", "names no database"),
        ("postgresql://ann:hush@host:port/crm", "not an address"),
    ],
)
def test_wrong_addresses_show_no_part_of_a_password(address: str, words: str, clock: Clock) -> None:
    """Not even of one that was not written as an address needs it."""
    with pytest.raises(ConfigurationError, match=words) as said:
        open_ledger(address, clock=clock)

    assert "hush" not in str(said.value)
    assert "sh@" not in str(said.value)


def test_driver_that_is_not_installed_is_named(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that installs it."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'leadgate\[postgresql\]'"):
        open_ledger("postgresql://ann@host/crm", clock=clock)


def test_real_server_is_understood(url: str, clock: Clock) -> None:
    """A database, a user and a right that are missing are told apart."""
    said: list[str] = []
    for address in (_other(url, database="nowhere"), _other(url, username="nobody")):
        with pytest.raises(ConfigurationError) as caught:
            open_ledger(address, clock=clock)
        said.append(str(caught.value))
    with _guest(url) as address, pytest.raises(ConfigurationError) as caught:
        open_ledger(address, clock=clock)

    assert 'no database "nowhere"' in said[0]
    assert 'refuses the user "nobody"' in said[1]
    assert "GRANT CREATE ON SCHEMA public TO guest_" in str(caught.value)


def test_database_that_lacks_letters_is_refused(url: str, clock: Clock) -> None:
    """A leads' names need more than one country's letters."""
    name = f"latin_{make_url(url).database}"
    _run(
        url,
        f'DROP DATABASE IF EXISTS "{name}"',
        f"""CREATE DATABASE "{name}" TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'""",
    )
    with pytest.raises(ConfigurationError, match=r"LATIN1.*--encoding=UTF8"):
        open_ledger(_other(url, database=name), clock=clock)
    _run(url, f'DROP DATABASE "{name}"')


@pytest.mark.parametrize("rows", [3, staging.ENOUGH])
def test_text_that_postgresql_cannot_keep_loses_one_character_only(
    ledger: SqlLedger, rows: int
) -> None:
    """A NUL, as it is or as JSON spells it, is replaced; a backslash before u0000 is none."""
    facts = r'{"a":"x\u0000\u0000y","b":"\\u0000","c":"\\\u0000"}'
    ids = [f"L{number}" for number in range(rows)]
    frame = pl.DataFrame({"id": ids}).with_columns(facts=pl.lit(facts), stage=pl.lit("a\0b"))
    ledger.remember("acme", "r1", frame)
    found = ledger.lead("acme", "L1") or {}

    assert found["stage"] == "a\N{REPLACEMENT CHARACTER}b"
    assert found["facts"] == {
        "a": "x\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}y",
        "b": r"\u0000",
        "c": "\\\N{REPLACEMENT CHARACTER}",
    }


def test_page_with_the_same_lead_twice_keeps_the_last(ledger: SqlLedger) -> None:
    """However many rows it has: what is staged at once is what would be written row by row."""
    ids = [f"L{number}" for number in range(staging.ENOUGH)]
    frame = pl.DataFrame({"id": [*ids, "L0"], "score": [*map(float, range(staging.ENOUGH)), 7.5]})
    ledger.remember("acme", "r1", frame)

    assert (ledger.lead("acme", "L0") or {})["score"] == 7.5
    assert ledger.count_leads("acme") == staging.ENOUGH


def test_refused_page_is_a_word_of_ours_and_leaves_nothing(ledger: SqlLedger) -> None:
    """What the driver says of a page goes through the same door as what it says of a statement."""
    ids = [f"L{number}" for number in range(staging.ENOUGH)]
    frame = pl.DataFrame({"id": ids}).with_columns(converted=pl.lit(None, pl.Boolean))
    with pytest.raises(RunAbortedError, match="refused a statement") as said:
        ledger.remember("acme", "r1", frame)

    assert "L1" not in str(said.value)
    assert ledger.count_leads("acme") == 0


def test_reading_sees_one_state(opened: Callable[[], SqlLedger], clock: Clock) -> None:
    """Two statements of one reading agree although another process has written between them."""
    one, other = opened(), opened()
    one.set_watermark("acme", clock(), "r1", "k1")
    question = text("SELECT run FROM watermarks")
    with one.reading() as transaction:
        before = transaction.execute(question).scalar()
        other.set_watermark("acme", clock.forward(1), "r2", "k2")
        after = transaction.execute(question).scalar()

    assert (before, after) == ("r1", "r1")


def test_connections_that_the_server_closed_are_not_used_again(ledger: SqlLedger, url: str) -> None:
    """A server that was started anew is met with a fresh connection."""
    ledger.count_leads("acme")
    mine = "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    _run(url, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity {mine}")  # noqa: S608 — our own words

    assert ledger.count_leads("acme") == 0


def test_connection_lost_in_the_middle_may_be_tried_again(ledger: SqlLedger, url: str) -> None:
    """It is told as something that passes, and nothing of the transaction is kept."""
    mine = "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    closing = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity {mine}"  # noqa: S608 — our own words

    def write() -> None:
        with ledger.writing() as transaction:
            transaction.execute(text("INSERT INTO watermarks VALUES ('acme', 1, 'r1', 'k1')"))
            _run(url, closing)
            transaction.execute(text("SELECT 1"))

    with pytest.raises(TransientError):
        write()

    assert ledger.watermark("acme") is None


def test_lists_of_ids_are_never_joined(ledger: SqlLedger) -> None:
    """On tables that nobody has counted, too, each row is looked up in the list, not compared with it."""
    ids = [f"L{number}" for number in range(1_000)]
    ledger.remember("acme", "r1", pl.DataFrame({"id": ids}))
    with ledger.reading() as transaction:
        wanted = select(leads.c.id).where(leads.c.id.in_(among(transaction, [*ids[:2], "nobody"])))
        bound = wanted.compile(transaction.engine, compile_kwargs={"render_postcompile": True})
        found = sorted(transaction.execute(wanted).scalars())
        none = transaction.execute(select(leads.c.id).where(leads.c.id.in_(among(transaction, []))))

        assert "= ANY (" in str(bound)
        assert found == ids[:2]
        assert none.all() == []
