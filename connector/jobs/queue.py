"""The queue of due runs, kept by DBOS Transact in SQLite or PostgreSQL, and drained by any worker.

A run that is due has an id made of its connection and time, so that it is queued once however many
schedulers there are; and a connection that is queued or running is not queued a second time.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbos import DBOS, Serializer, SetEnqueueOptions, SetWorkflowID, error
from sqlalchemy.engine import make_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dbos import DBOSConfig

NAME = "leadgate"
_SCHEMA = "leadgate_jobs"
_QUEUE = "runs"
_POLL_SECONDS = 0.2
_THREADS_BESIDE = 8


class _Json(Serializer):
    """Plain JSON: nothing that is read back can run code."""

    def serialize(self, data: Any) -> str:
        """Texts and lists of texts as they are; of an error only its name."""
        return json.dumps(data, default=_name_of)

    def deserialize(self, serialized_data: str) -> Any:
        """What was serialized."""
        return json.loads(serialized_data)

    def name(self) -> str:
        """The format's name, kept beside the text."""
        return "json"


class Queue:
    """One process's end of the queue: it submits, and works with `slots` runs at a time.

    `work` runs one connection and handles its own errors. There is one queue in a process.
    """

    def __init__(self, ledger: str, worker: str, slots: int, work: Callable[[str], None]) -> None:
        self._ledger = ledger
        self._worker = worker
        self._slots = slots
        self._work = work
        self._workflow: Callable[[str], None] | None = None

    def start(self) -> None:
        """Open the queue's database, made if it is not there, and begin to work."""
        DBOS(config=_config(self._ledger, self._worker, self._slots))

        @DBOS.step(name="work")
        def work(connection: str) -> None:
            self._work(connection)

        @DBOS.workflow(name="run")
        def run(connection: str) -> None:
            work(connection)

        self._workflow = run
        for name in ("dbos", "alembic"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        DBOS.launch()
        DBOS.register_queue(
            _QUEUE,
            worker_concurrency=self._slots,
            polling_interval_sec=_POLL_SECONDS,
            on_conflict="always_update",
        )

    def submit(self, connection: str, due: str) -> bool:
        """Queue a run for this time; False where one of this connection is queued or running."""
        if self._workflow is None:
            raise RuntimeError("the queue was not started")
        try:
            with (
                SetWorkflowID(f"{connection}@{due}"),
                SetEnqueueOptions(deduplication_id=connection),
            ):
                DBOS.enqueue_workflow(_QUEUE, self._workflow, connection)
        except error.DBOSQueueDeduplicatedError:
            return False
        return True

    def take_over(self, dead: Iterable[str]) -> list[str]:
        """Queue again what dead workers were working on; the connections that it concerns."""
        left = DBOS.list_workflows(
            executor_id=list(dead), status="PENDING", load_input=False, load_output=False
        )
        for workflow in left:
            DBOS.resume_workflow(workflow.workflow_id, queue_name=_QUEUE)
        return sorted({workflow.workflow_id.rpartition("@")[0] for workflow in left})

    def stop(self, seconds: int) -> None:
        """Take no more work and wait so long for what is under way."""
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=seconds)


def _config(ledger: str, worker: str, slots: int) -> DBOSConfig:
    return {
        "name": NAME,
        "system_database_url": _database(ledger),
        "dbos_system_schema": _SCHEMA,
        "application_version": NAME,  # any release can do the work of any other
        "executor_id": worker,
        "serializer": _Json(),
        "max_executor_threads": slots + _THREADS_BESIDE,
        "log_level": "CRITICAL",
        "enable_otlp": False,
        "run_migrations": True,
    }


def _database(ledger: str) -> str:
    """Beside a ledger in SQLite a file of its own; in PostgreSQL a schema of its own."""
    url = make_url(ledger)
    if url.get_backend_name() != "sqlite":
        return url.set(drivername="postgresql").render_as_string(hide_password=False)
    path = Path(url.database or "leadgate.db")
    beside = path.with_name(f"{path.stem}.jobs{path.suffix}")
    os.close(os.open(beside, os.O_CREAT | os.O_WRONLY, 0o600))
    return f"sqlite:///{beside}"


def _name_of(value: object) -> str:
    return type(value).__name__
