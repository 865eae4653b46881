"""Settings → adapters → engine: the one file that knows everything."""

from __future__ import annotations

import datetime as dt
import secrets
import socket
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from threading import Event
from typing import TYPE_CHECKING, Any

from connector.errors import ConfigurationError
from connector.files import (
    Files,
    check_model,
    default_model_text,
    load_files,
    load_judge,
    mapping_document,
    own_facts,
    own_kinds,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.engine.brake import Brake
    from connector.engine.calls import CallStore
    from connector.engine.channel import Channel
    from connector.engine.connection import Connection
    from connector.engine.drift import Watched
    from connector.engine.outreach.run import RevivingRunner
    from connector.engine.ports import Crm, Progress
    from connector.engine.runs import RunReport
    from connector.engine.schedule import ScheduleKeys
    from connector.jobs.queue import Queue
    from connector.jobs.service import Service
    from connector.ledger import SqlLedger
    from connector.outreach.opt_out import Written
    from connector.outreach.unsubscribing import OptOut
    from connector.settings import ConnectionSettings, Project
    from mappings.check import Checked
    from mappings.mapping import Mapping
    from mappings.schema import CrmSchema, NewField
    from scoring.problem import Problem

__all__ = [
    "Files",
    "Opened",
    "accept_schema",
    "brake_of",
    "check_model",
    "check_outreach",
    "clock",
    "coming_runs",
    "compile_connection",
    "default_model_text",
    "key_fields",
    "load_files",
    "load_judge",
    "mapping_document",
    "new_run",
    "open_channels",
    "open_connection",
    "open_crm",
    "open_ledger",
    "open_service",
    "opt_out",
    "own_facts",
    "own_kinds",
    "ready",
    "run_scheduled",
    "runner",
    "tell_opt_out",
    "watch",
]


def clock() -> dt.datetime:
    """The local time, aware, in UTC."""
    return dt.datetime.now(dt.UTC)


def new_run(now: dt.datetime) -> str:
    """A run's id: sorts by time, and two are never the same."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def open_ledger(project: Project, address: str | None = None) -> SqlLedger:
    """The project's ledger, or the one at another address, created or brought up to date."""
    from connector.ledger import open_ledger as opened

    return opened(address or project.ledger, clock=clock, keep=project.keep)


@dataclass(frozen=True)
class Opened:
    """A connection whose CRM has been asked what it looks like, and the mapping's check against it."""

    files: Files
    crm: Crm
    schema: CrmSchema
    checked: Checked


def open_crm(project: Project, settings: ConnectionSettings, calls: CallStore | None = None) -> Crm:
    """The adapter of a connection; nothing has been sent yet.

    `calls` counts calls for all processes that use the connection's account.
    """
    from connector.engine.ports import Runtime

    def keep(key: str, value: str) -> None:
        project.keep_secret(settings.name, key, value)

    return settings.plugin.open(settings.own, Runtime(clock, keep, calls))


def open_connection(project: Project, files_: Files, calls: CallStore | None = None) -> Opened:
    """Ask the CRM what it looks like, and check the mapping against it."""
    from mappings.check import check_mapping

    crm = open_crm(project, files_.settings, calls)
    try:
        schema = crm.describe()
        checked = check_mapping(
            files_.mapping,
            files_.document,
            schema,
            connection=files_.settings.name,
            supports_setup=crm.field_name,
        )
    except BaseException:
        crm.close()
        raise
    return Opened(files_, crm, schema, checked)


def watch(opened: Opened, ledger: SqlLedger) -> Watched:
    """What has become of the CRM's schema since it last fitted, and the mapping to go on with."""
    from connector.engine.drift import Watch
    from mappings.check import check_mapping

    found = opened.files

    def errors_of(mapping: Mapping) -> list[Problem]:
        return check_mapping(
            mapping,
            found.document,
            opened.schema,
            connection=found.settings.name,
            supports_setup=opened.crm.field_name,
        ).errors

    name, mapping = found.settings.name, found.mapping
    return Watch(name, mapping, found.document, opened.schema, found.judge, errors_of).compare(
        ledger
    )


def accept_schema(project: Project, opened: Opened) -> None:
    """Compare with the CRM's schema as it is now from here on."""
    with closing(open_ledger(project)) as ledger:
        watched = watch(opened, ledger)
        name = opened.files.settings.name
        ledger.keep_schema(name, "accepted", watched.digest, watched.fields)


def compile_connection(opened: Opened, watched: Watched | None = None) -> Connection:
    """The connection ready to run; raises `ConfigurationError` if the mapping does not fit.

    With `watched` it goes on with what a change of the CRM's schema has left of the mapping.
    """
    from connector.engine.connection import Connection
    from mappings.conversion import compile_conversion
    from mappings.inbound import compile_inbound
    from mappings.outbound import compile_outbound

    found = opened.files
    name = found.settings.name
    mapping = watched.mapping if watched else found.mapping
    errors = watched.errors if watched else opened.checked.errors
    if errors:
        raise ConfigurationError(
            f'The mapping of "{name}" does not fit its CRM; nothing was read or written.',
            errors,
        )
    inbound = compile_inbound(mapping, opened.schema)
    converter = (
        compile_conversion(mapping, opened.schema, inbound.facts)
        if mapping.convert is not None and opened.schema.opportunity is not None
        else None
    )
    return Connection(
        name=name,
        crm=opened.crm,
        schema=opened.schema,
        mapping=mapping,
        model=found.model,
        inbound=inbound,
        outbound=compile_outbound(mapping, opened.schema),
        converter=converter,
        judge=found.judge,
        peers=found.peers,
    )


def runner(
    connection: Connection,
    ledger: SqlLedger,
    progress: Progress,
    *,
    brake: Brake | None = None,
    watched: Watched | None = None,
) -> RevivingRunner:
    """A run of this connection that is about to begin; it has no channels yet."""
    from connector.engine.brake import Brake
    from connector.engine.observer import Stepping
    from connector.engine.outreach.run import RevivingRunner

    return RevivingRunner(
        connection,
        ledger,
        Stepping(progress),
        clock,
        new_run(clock()),
        brake=brake or Brake(),
        watched=watched,
    )


@contextmanager
def ready(
    project: Project, ledger: SqlLedger, files_: Files, progress: Progress
) -> Iterator[RevivingRunner]:
    """A runner of one connection: described, checked and compiled; closed afterwards."""
    progress.begin("setup", None)
    opened = open_connection(project, files_, ledger)
    with closing(opened.crm), ExitStack() as stack:
        watched = watch(opened, ledger)
        connection = compile_connection(opened, watched)
        brake = brake_of(project, files_.settings)

        def channels() -> dict[str, Channel]:
            found = open_channels(project, connection.name, opened.crm)
            for channel in found.values():
                stack.callback(channel.close)
            return found

        made = runner(connection, ledger, progress, brake=brake, watched=watched)
        hours = files_.settings.common.reread_hours
        yield replace(made, channels=channels, reread=dt.timedelta(hours=hours) if hours else None)


def run_scheduled(project: Project, name: str, ledger: SqlLedger, progress: Progress) -> RunReport:
    """One scheduled sync, by the mapping and the model as they are now."""
    with ready(project, ledger, load_files(project, name), progress) as ready_runner:
        return ready_runner.sync()


def open_service(
    project: Project, ledger: SqlLedger, slots: int, *, schedules: bool
) -> tuple[Service, Queue, Event]:
    """A process that works on schedule: its service, its end of the queue, and what stops both."""
    from connector.engine.process import this_process
    from connector.jobs.fresh import Fresh
    from connector.jobs.queue import Queue
    from connector.jobs.running import Work
    from connector.jobs.service import Service
    from connector.settings import FILE, load_project

    def read() -> tuple[Project, dict[str, ScheduleKeys]]:
        found = load_project(project.root)
        return found, found.schedules()

    now = Fresh(project.root / FILE, read)
    stopping = Event()
    worker = f"{socket.gethostname()}-{new_run(clock())}"

    def run(name: str, progress: Progress) -> RunReport:
        return run_scheduled(now()[0], name, ledger, progress)

    queue = Queue(project.ledger, worker, slots, Work(run, ledger, stopping))
    service = Service(
        worker,
        this_process() or "",
        ledger,
        queue,
        lambda: now()[1],
        clock,
        schedules=schedules,
    )
    return service, queue, stopping


def coming_runs(project: Project, ledger: SqlLedger, count: int) -> list[dict[str, Any]]:
    """Of every connection its schedule, its state and its next times, jitter included."""
    from connector.engine.ports import instant
    from connector.engine.schedule import next_times

    planned, states, now = project.schedules(), ledger.schedule_states(), clock()
    rows: list[dict[str, Any]] = []
    for name in project.connections:
        keys, state = planned.get(name), states.get(name)
        paused = state.paused if state else None
        times = islice(next_times(keys, name, now), count) if keys and paused is None else ()
        rows.append(
            {
                "connection": name,
                "cron": keys.cron if keys else None,
                "time_zone": keys.time_zone if keys else None,
                "paused": paused,
                "message": state.message if state else None,
                "next": [instant(at) for at in times],
            }
        )
    return rows


def open_channels(project: Project, name: str, crm: Crm) -> dict[str, Channel]:
    """The channels through which a connection's leads can be touched; each is to be closed.

    Nothing is sent before the first touch. Raises `ProblemsError` for a wrong `outreach` section.
    """
    from connector.outreach.opening import open_channels as opened

    return opened(project, name, crm, clock)


def key_fields(opened: Opened) -> list[NewField]:
    """The fields that setup could make for the keys of tasks, where the CRM has tasks."""
    from connector.engine.channel import Reaching

    return opened.crm.reach.key_fields() if isinstance(opened.crm, Reaching) else []


def check_outreach(project: Project, opened: Opened) -> tuple[list[Problem], list[Problem]]:
    """What is wrong with a connection's templates, steps and channels, and what is doubtful."""
    from connector.outreach.check import check_outreach as checked

    found = opened.files
    plan = (found.model.revival, found.model.document)
    return checked(project, found.settings.name, opened.crm, plan)


def opt_out(project: Project, ledger: SqlLedger, who: str) -> OptOut:
    """Keep the no of a person, by e-mail address or unsubscribe token, whatever the CRM says."""
    from connector.outreach.unsubscribing import record

    return record(project, ledger, who, clock())


def tell_opt_out(project: Project, ledger: SqlLedger, no: OptOut, name: str) -> list[Written]:
    """Set the mapped opt-out field of a person's leads in one connection's CRM."""
    from connector.outreach.opt_out import write_opt_out
    from connector.outreach.unsubscribing import leads_of

    ids = leads_of(ledger, no, name)
    if not ids:
        return []
    found = load_files(project, name)
    with closing(open_crm(project, found.settings)) as crm:
        return write_opt_out(name, crm, (crm.describe(), found.mapping), ids)


def brake_of(project: Project, settings: ConnectionSettings) -> Brake:
    """When a run of this connection is stopped: its own keys, else the project's, else the usual."""
    from connector.engine.brake import Brake

    return Brake().with_keys(project.brake).with_keys(settings.common.brake)
