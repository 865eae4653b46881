"""The ledger: the database of runs, watermarks, leads, verdicts, plan lines, outcomes, conversions.

`open_ledger` gives a `SqlLedger`, which is the engine's `Ledger` and answers what people ask beside
it. One file per family of questions; `tables.py` has the schema, `migrations` its changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import DatabaseError, OperationalError

from connector.errors import ConfigurationError
from connector.ledger.answers import Answers
from connector.ledger.conversions import Conversions
from connector.ledger.database import connect
from connector.ledger.engagement import Engagement
from connector.ledger.forget import Forgetting
from connector.ledger.history import History
from connector.ledger.journeys import Journeys
from connector.ledger.lines import Lines
from connector.ledger.models import Models
from connector.ledger.opportunities import Opportunities
from connector.ledger.outcomes import Outcomes
from connector.ledger.rescoring import Rescoring
from connector.ledger.runs import Lease, Runs
from connector.ledger.schemas import Schemas
from connector.ledger.snapshots import Snapshots
from connector.ledger.undoing import Undoing
from connector.ledger.upgrade import upgrade
from connector.ledger.views import Views

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

__all__ = ["Lease", "SqlLedger", "open_ledger"]


class SqlLedger(
    Forgetting,
    Runs,
    Rescoring,
    History,
    Lines,
    Conversions,
    Opportunities,
    Views,
    Journeys,
    Answers,
    Engagement,
    Models,
    Snapshots,
    Undoing,
    Schemas,
    Outcomes,
):
    """A ledger in SQLite or PostgreSQL: safe for one writing thread beside any number of readers."""


def open_ledger(url: str, *, clock: Callable[[], datetime]) -> SqlLedger:
    """Open a ledger, creating or upgrading its schema; `clock` gives aware moments.

    `url` is `sqlite:///path` or `postgresql://user@host/database`. Raises ConfigurationError for an
    address that does not work or a schema that a newer leadgate has written.
    """
    engine = connect(url)
    try:
        upgrade(engine)
    except (OperationalError, DatabaseError) as error:
        engine.dispose()
        reason = (str(error.orig).strip().splitlines() or ["unknown"])[0].rstrip(".")
        raise ConfigurationError(f"ledger: the database cannot be used: {reason}.") from None
    except BaseException:
        engine.dispose()
        raise
    return SqlLedger(engine, clock)
