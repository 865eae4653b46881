"""/health and /metrics over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import httpx
import pytest

from connector.errors import ConfigurationError, TransientError
from connector.telemetry.health import SILENT_SECONDS, look
from connector.telemetry.server import health_page, serving

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
SECRET = "rosa@person.example"


@dataclass
class Process:
    """A process that looked around when the test says."""

    ticked_at: datetime | None
    worker: str = "one"


class Answering:
    """A ledger that answers."""

    def workers(self) -> list[object]:
        """Nobody."""
        return []


class Gone:
    """A ledger that does not."""

    def workers(self) -> list[object]:
        """As a server that is down."""
        raise TransientError("The ledger cannot be used now: connection refused.")


def health(ledger: Answering | Gone, ticked: datetime | None) -> tuple[int, dict[str, object]]:
    """What a probe is answered."""

    def page():
        return health_page(lambda: look(Process(ticked), ledger, lambda: NOW))

    with serving({"/health": page}, "127.0.0.1", 0) as port:
        answer = httpx.get(f"http://127.0.0.1:{port}/health?verbose", trust_env=False)
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("ledger", "seconds", "reason"),
    [
        (Answering(), 1, None),
        (Answering(), SILENT_SECONDS + 1, "for 31 seconds"),
        (Answering(), None, "has not looked at its schedules yet"),
        (Gone(), 1, "connection refused"),
    ],
)
def test_a_process_is_well_when_its_ledger_answers_and_it_looked_lately(
    ledger, seconds, reason
) -> None:
    """200 then, else 503 with the reason."""
    status, body = health(ledger, None if seconds is None else NOW - timedelta(seconds=seconds))
    assert (status, body["status"]) == ((503, "unwell") if reason else (200, "ok"))
    assert len(body["reasons"]) == (1 if reason else 0)
    assert (reason or "") in "".join(body["reasons"])


def test_other_paths_and_failing_pages_say_so_and_nothing_else() -> None:
    """404 names what there is, 503 the ledger's words, 500 nothing of what went wrong."""

    def defect():
        raise KeyError(SECRET)

    def down():
        raise TransientError("The ledger cannot be used now.")

    with serving({"/metrics": defect, "/down": down}, "127.0.0.1", 0) as port:
        base = f"http://127.0.0.1:{port}"
        found = {
            path: httpx.get(base + path, trust_env=False) for path in ("/", "/metrics", "/down")
        }
        head = httpx.head(base + "/down", trust_env=False)
        taken = serving({}, "127.0.0.1", port)
        with pytest.raises(ConfigurationError, match=f"cannot listen at 127.0.0.1:{port}"):
            taken.__enter__()
    assert {path: each.status_code for path, each in found.items()} == {
        "/": HTTPStatus.NOT_FOUND,
        "/metrics": HTTPStatus.INTERNAL_SERVER_ERROR,
        "/down": HTTPStatus.SERVICE_UNAVAILABLE,
    }
    assert "/metrics /down" in found["/"].text
    assert SECRET not in found["/metrics"].text
    assert (head.status_code, head.content) == (503, b"")
