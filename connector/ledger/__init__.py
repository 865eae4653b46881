"""The ledger: the database of runs, watermarks, leads, verdicts, plan lines, outcomes, conversions.

`open_ledger` gives a `SqlLedger`, which is the engine's `Ledger` and answers what people ask beside
it. One file per family of questions; `tables.py` has the schema, `migrations` its changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from connector.ledger.answers import Answers
from connector.ledger.arms import Arms
from connector.ledger.conversions import Conversions
from connector.ledger.database import connect
from connector.ledger.engagement import Engagement
from connector.ledger.figures import Figures
from connector.ledger.forget import Forgetting
from connector.ledger.history import History
from connector.ledger.jobs import Jobs
from connector.ledger.journeys import Journeys
from connector.ledger.lines import Lines
from connector.ledger.models import Models
from connector.ledger.opportunities import Opportunities
from connector.ledger.opt_outs import OptOuts
from connector.ledger.outcomes import Outcomes
from connector.ledger.pasts import Pasts
from connector.ledger.quota import Quota
from connector.ledger.refusals import explained
from connector.ledger.rescoring import Rescoring
from connector.ledger.runs import Lease, Runs
from connector.ledger.schemas import Schemas
from connector.ledger.snapshots import Snapshots
from connector.ledger.telemetry import Telemetry
from connector.ledger.touches import Touches
from connector.ledger.undoing import Undoing
from connector.ledger.upgrade import upgrade
from connector.ledger.views import Views

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

__all__ = ["Lease", "SqlLedger", "open_ledger"]


class SqlLedger(
    Forgetting,
    Runs,
    Rescoring,
    History,
    Lines,
    Conversions,
    Opportunities,
    OptOuts,
    Views,
    Journeys,
    Jobs,
    Answers,
    Engagement,
    Models,
    Snapshots,
    Undoing,
    Schemas,
    Outcomes,
    Pasts,
    Figures,
    Quota,
    Telemetry,
    Touches,
    Arms,
):
    """A ledger in SQLite or PostgreSQL: safe for one writing thread beside any number of readers."""


def open_ledger(
    url: str, *, clock: Callable[[], datetime], keep: timedelta | None = None
) -> SqlLedger:
    """Open a ledger, creating or upgrading its schema; `clock` gives aware moments.

    `url` is `sqlite:///path` or `postgresql://user@host/database`; `keep` is how long the history of
    verdicts and runs is kept, by default for ever. Raises ConfigurationError for an
    address that does not work or a schema that a newer leadgate has written, TransientError for a
    server that does not answer now.
    """
    engine = connect(url)
    try:
        upgrade(engine)
    except DBAPIError as error:
        engine.dispose()
        raise explained(error, engine.url) from None
    except BaseException:
        engine.dispose()
        raise
    ledger = SqlLedger(engine, clock)
    ledger.keep = keep
    return ledger
