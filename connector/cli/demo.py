"""The demo: two local CRMs, a fresh project, two syncs, and what came of it."""

from __future__ import annotations

import tempfile
import threading
import time
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from connector import wiring
from connector.cli import show, show_funnel
from connector.cli.console import DONE, FAILED, emit, err, out, table
from connector.cli.progress import bars, progress
from connector.errors import ConfigurationError, ConnectorError
from connector.report.figures import Asked, funnel_figures
from connector.settings import load_project
from connector.template import write_project
from scoring.problem import did_you_mean

if TYPE_CHECKING:
    import polars as pl
    from rich.progress import Progress as Bars

    from connector.engine.ports import Progress
    from connector.engine.runs import RunReport
    from connector.ledger import SqlLedger
    from connector.settings import Project

CRMS = ("salesforce", "hubspot")
HOTTEST = 5


@dataclass(frozen=True)
class Local:
    """A running sandbox: where it is, and what opens it."""

    crm: str
    url: str
    environment: dict[str, str]
    served: Any


@dataclass(frozen=True)
class Synced:
    """What became of one CRM in the demo."""

    created: int
    first: RunReport
    second: RunReport
    hottest: list[dict[str, Any]]


def start(crm: str, *, port: int, leads: int, seed: int) -> Local:
    """Start a sandbox on loopback; raises `ConfigurationError` for an unknown CRM or a taken port."""
    now = wiring.clock()
    org: Any
    if crm == "salesforce":
        from connector.sandbox.salesforce import SalesforceOrg

        org = SalesforceOrg(leads=leads, seed=seed, now=now)
        environment = {
            "SALESFORCE_CLIENT_ID": org.credentials["client_id"],
            "SALESFORCE_CLIENT_SECRET": org.credentials["client_secret"],
        }
    elif crm == "hubspot":
        from connector.sandbox.hubspot import HubSpotPortal

        org = HubSpotPortal(leads=leads, seed=seed, now=now)
        environment = {"HUBSPOT_ACCESS_TOKEN": org.token}
    else:
        raise ConfigurationError(f'There is no sandbox for "{crm}". {did_you_mean(crm, CRMS)}')
    try:
        served = org.serve(port=port)
    except OSError:
        raise ConfigurationError(f"Port {port} is taken. Choose another with --port.") from None
    return Local(crm, served.url, environment, served)


def serve_forever(crm: str, port: int, leads: int, seed: int, *, json: bool) -> None:
    """Serve one sandbox until Ctrl-C or SIGTERM."""
    import signal

    local = start(crm, port=port, leads=leads, seed=seed)
    with closing(local.served):
        if json:
            emit({"crm": crm, "url": local.url, "leads": leads, "environment": local.environment})
        else:
            out().print(f"[bold]{crm}[/] with {leads:,} leads at [bold]{local.url}[/]")
            for name, value in local.environment.items():
                out().print(f"  export {name}={value}", soft_wrap=True)
            out().print("Stop it with Ctrl-C.")
        stopped = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stopped.set())
        signal.signal(signal.SIGINT, lambda *_: stopped.set())
        stopped.wait()


def run_demo(leads: int, seed: int, keep: Path | None, *, json: bool) -> int:
    """Run the whole demo; the exit code."""
    began = time.monotonic()
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        live = stack.enter_context(bars(wanted=not json))
        locals_ = [start(crm, port=0, leads=leads, seed=seed) for crm in CRMS]
        for local in locals_:
            stack.enter_context(closing(local.served))
        project = _project(folder, locals_)
        ledger = stack.enter_context(closing(wiring.open_ledger(project)))
        synced = {crm: _sync_twice(project, ledger, crm, live) for crm in CRMS}
        if live is not None:
            live.stop()
        seconds = time.monotonic() - began
        _tell(synced, ledger, seconds, json=json)
    if keep is not None and not json:
        _go_on(keep, leads, seed)
    again = sum(one.second.planned for one in synced.values())
    return FAILED if again else DONE


def _project(folder: Path, locals_: list[Local]) -> Project:
    """A fresh project whose connections lead to the sandboxes; its secrets stay in `.env`."""
    write_project(folder, CRMS, {local.crm: local.url for local in locals_})
    environment = {name: value for local in locals_ for name, value in local.environment.items()}
    secrets = folder / ".env"
    secrets.touch(mode=0o600)
    secrets.write_text("".join(f"{k}={v}\n" for k, v in environment.items()), encoding="utf-8")
    return load_project(folder, environment)


def _sync_twice(project: Project, ledger: SqlLedger, crm: str, live: Bars | None) -> Synced:
    shown: Progress = progress(live, crm)
    files = wiring.load_files(project, crm)
    shown.begin("setup", None)
    opened = wiring.open_connection(project, files)
    with closing(opened.crm) as adapter:
        outcomes = adapter.setup(opened.checked.missing)
        refused = [each for each in outcomes if each.outcome == "rejected"]
        if refused:
            raise ConnectorError(f"{crm}: {refused[0].field.name} could not be created.")
    reports = []
    for again in (False, True):
        opened = wiring.open_connection(project, files)
        with closing(opened.crm):
            shown = progress(live, f"{crm} again" if again else crm)
            runner = wiring.runner(wiring.compile_connection(opened), ledger, shown)
            reports.append(runner.sync(full=again))
    return Synced(len(outcomes), reports[0], reports[1], _hottest(ledger, crm))


def _hottest(ledger: SqlLedger, crm: str) -> list[dict[str, Any]]:
    import orjson

    top: pl.DataFrame = ledger.hottest(crm, HOTTEST)
    return [
        {
            "id": row["id"],
            "company": (orjson.loads(row["facts"]) or {}).get("company"),
            **{k: row[k] for k in ("score", "stage", "priority", "reasons", "next_question")},
        }
        for row in top.iter_rows(named=True)
    ]


def _tell(synced: dict[str, Synced], ledger: SqlLedger, seconds: float, *, json: bool) -> None:
    calls = sum(one.first.api_calls + one.second.api_calls for one in synced.values())
    if json:
        for crm, one in synced.items():
            emit({"crm": crm, **asdict(one)})
        emit({"seconds": round(seconds, 1), "api_calls": calls})
        return
    console = out()
    for crm, one in synced.items():
        console.rule(f"[bold]{crm}[/]")
        console.print(f"{one.created} custom fields created")
        show.report(console, one.first)
        show.problems(console, {crm: ledger.problem_counts(crm)}, most=3)
        nothing = one.second.planned == 0
        words = "[green]planned nothing[/]" if nothing else f"[red]planned {one.second.planned}[/]"
        console.print(f"  second sync, everything read again: {one.second.read:,} read, {words}\n")
        history = ledger.journeys(crm)
        show_funnel.funnel(console, funnel_figures(crm, history, wiring.clock(), Asked()))
        console.print(_hottest_table(one))
    console.print(f"[bold]Done[/] in {seconds:.1f} s with {calls:,} API calls.")


def _hottest_table(one: Synced) -> Any:
    rows = table("hottest leads", "company", "score", "stage", "why", right=["score"])
    for lead in one.hottest:
        why = lead["reasons"] or ""
        short = why if len(why) < 90 else why[:89] + "…"  # noqa: PLR2004 — fits a wide terminal
        company = escape(str(lead["company"] or ""))
        rows.add_row(lead["id"], company, f"{lead['score']:g}", lead["stage"], escape(short))
    return rows


def _go_on(keep: Path, leads: int, seed: int) -> None:
    err().print(
        f"\nThe project is in {keep}. Look around:\n"
        f"  cd {keep}\n"
        "  leadgate runs                       what the two syncs did\n"
        "  leadgate funnel --by source         where leads are lost\n"
        "  leadgate explain LEAD               why a lead has its score and stage\n"
        "The two local CRMs have ended with the demo. To go on with fresh ones:\n"
        f"  leadgate sandbox salesforce --port 8900 --leads {leads} --seed {seed}\n"
        f"  leadgate sandbox hubspot --port 8901 --leads {leads} --seed {seed}\n"
        "put their addresses into leadgate.yaml (login_url, base_url), remove leadgate.db, then\n"
        "  set -a; . ./.env; set +a\n"
        "  leadgate setup salesforce --yes && leadgate setup hubspot --yes && leadgate sync"
    )
