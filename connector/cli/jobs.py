"""run, worker, schedule, pause, resume: the commands of unattended runs."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli.console import DONE, emit, err, out
from connector.cli.options import HERE, ConnectionName, Json, ProjectFolder

if TYPE_CHECKING:
    from connector.jobs.service import Service

Slots = Annotated[
    int,
    typer.Option("--slots", min=1, max=64, help="How many connections to run at the same time."),
]


MetricsPort = Annotated[
    int | None,
    typer.Option(
        "--metrics-port", min=0, max=65535, help="Serve /health and /metrics at this port."
    ),
]
MetricsHost = Annotated[
    str, typer.Option("--metrics-host", help="The address to serve them at; anybody can read them.")
]


def run(
    slots: Slots = 2,
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = "127.0.0.1",
    project: ProjectFolder = HERE,
) -> None:
    """Sync every connection on its schedule until stopped (Ctrl-C or SIGTERM)."""
    _serve(project, slots, (metrics_host, metrics_port), schedules=True)


def worker(
    slots: Slots = 2,
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = "127.0.0.1",
    project: ProjectFolder = HERE,
) -> None:
    """Work on what is due, and leave the schedules to a `leadgate run` elsewhere."""
    _serve(project, slots, (metrics_host, metrics_port), schedules=False)


def schedule(
    count: Annotated[
        int, typer.Option("--next", min=1, max=100, help="How many times to show.")
    ] = 3,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Show when each connection runs next, what is paused, and who works."""
    from connector import wiring
    from connector.cli import show_jobs
    from connector.settings import load_project

    found = load_project(project)
    with closing(wiring.open_ledger(found)) as ledger:
        rows = wiring.coming_runs(found, ledger, count)
        workers = ledger.workers()
    if json:
        for row in rows:
            emit(row)
    else:
        show_jobs.schedule(out(), rows, workers, wiring.clock())


def pause(
    connection: ConnectionName,
    why: Annotated[str, typer.Option("--why", help="Kept, and shown by `schedule`.")] = "by hand",
    project: ProjectFolder = HERE,
) -> None:
    """Run this connection no more on its schedule; `sync` by hand still works."""
    from connector import wiring
    from connector.settings import load_project

    found = load_project(project)
    found.require(connection)
    with closing(wiring.open_ledger(found)) as ledger:
        ledger.pause(connection, why)
    out().print(f"{connection} is paused. Go on with: leadgate resume {connection}")


def resume(connection: ConnectionName, project: ProjectFolder = HERE) -> None:
    """Run a paused connection on its schedule again."""
    from connector import wiring
    from connector.settings import load_project

    found = load_project(project)
    found.require(connection)
    with closing(wiring.open_ledger(found)) as ledger:
        was = ledger.resume(connection)
    out().print(f"{connection} {'goes on with its schedule' if was else 'was not paused'}.")


def _serve(project: Path, slots: int, metrics: tuple[str, int | None], *, schedules: bool) -> None:
    """Serve until a signal; a second one ends at once."""
    from connector import wiring
    from connector.cli.observing import seen_from_outside
    from connector.jobs.service import STOP_SECONDS
    from connector.settings import load_project

    found = load_project(project)
    planned = found.schedules()
    with closing(wiring.open_ledger(found)) as ledger:
        service, queue, stopping = wiring.open_service(found, ledger, slots, schedules=schedules)
        _until_signalled(stopping)
        queue.start()
        err().print(_greeting(service, len(planned), slots))
        try:
            with seen_from_outside(service, ledger, *metrics):
                service.serve(stopping)
        finally:
            stopping.set()
            queue.stop(STOP_SECONDS)
            ledger.sign_off(service.worker)
    err().print("Stopped.")
    raise typer.Exit(DONE)


def _greeting(service: Service, connections: int, slots: int) -> str:
    what = f"{connections} connections on schedule" if service.schedules else "no schedules here"
    return f"Worker {service.worker}: {what}, {slots} at the same time. Stop it with Ctrl-C."


def _until_signalled(stopping: Any) -> None:
    """Set the event on SIGTERM or Ctrl-C; when that comes again, the process ends as usual."""
    import signal

    def stop(number: int, _: object) -> None:
        stopping.set()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


COMMANDS: dict[str, Any] = {
    "run": run,
    "worker": worker,
    "schedule": schedule,
    "pause": pause,
    "resume": resume,
}
