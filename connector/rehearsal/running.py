"""One rehearsal from beginning to end: snapshot, copy, project, syncs, findings."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector import wiring
from connector.errors import ConfigurationError
from connector.rehearsal.findings import Struck, findings_of
from connector.rehearsal.folder import require_empty, write_rehearsal
from connector.rehearsal.local import anonymous, open_local
from connector.rehearsal.snapshot import take_snapshot
from connector.rehearsal.syncing import Syncs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from connector.engine.ports import Progress
    from connector.engine.rehearsing import Snapshot
    from connector.rehearsal.faults import Fault
    from connector.rehearsal.findings import Findings
    from connector.rehearsal.local import Local
    from connector.settings import Project
    from connector.wiring import Files

_OBJECTS = {"salesforce": "Lead", "hubspot": "contacts"}
_SMALLEST_BULK = 200


@dataclass(frozen=True)
class Order:
    """What is asked of a rehearsal."""

    sample: int = 500
    faults: Sequence[Fault] = ()
    keep_values: bool = False
    seed: int = 1
    keep: Path | None = None

    def wants(self, fault: str) -> bool:
        """Whether this fault is to be made."""
        return any(each.name == fault for each in self.faults)


def rehearse(
    project: Project, name: str, order: Order, watch: Callable[[str], Progress]
) -> Findings:
    """Rehearse a connection on a copy of its CRM; the live one is only read.

    `watch` gives whoever is told how far a part has come: "live", "copy", "copy again".
    Raises `ConfigurationError` for a connection that cannot be rehearsed and for a mapping that
    does not fit.
    """
    began = time.monotonic()
    files = wiring.load_files(project, name)
    if order.keep is not None:
        require_empty(order.keep)
    with ExitStack() as stack:
        folder = order.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        act = _rehearse_file if files.settings.plugin.name == "csv" else _rehearse_crm
        found = act(project, files, order, folder, watch)
    seconds = round(time.monotonic() - began, 1)
    return replace(found, seconds=seconds, kept=str(order.keep) if order.keep else None)


def _rehearse_crm(
    project: Project, files: Files, order: Order, folder: Path, watch: Callable[[str], Progress]
) -> Findings:
    _require_known(files)
    taken = take_snapshot(project, files, order.sample, watch("live"))
    snapshot = taken.snapshot
    if not order.keep_values:
        snapshot = anonymous(snapshot, files.mapping, seed=order.seed)
    name = files.settings.name
    local = open_local(snapshot, project.document.data["connections"][name], seed=order.seed)
    with closing(local.served):
        keys = dict(local.keys) | {"quota": "100%"} | _bulk_keys(snapshot.schema.crm, order)
        made = write_rehearsal(project, name, folder, keys=keys, environment=local.environment)
        trouble = _Trouble(local, order.faults, _stubborn(snapshot.leads))
        with closing(wiring.open_ledger(made)) as ledger:
            syncs = Syncs(made, wiring.load_files(made, name), ledger, watch, local)
            syncs.run(lambda: _begin(local, snapshot, trouble))
            stubborn = trouble.lead if order.wants("bad-value") else None
            found = findings_of(syncs, trouble.struck(), taken, stubborn=stubborn)
    return replace(found, stand_ins=not order.keep_values)


def _begin(local: Local, snapshot: Snapshot, trouble: _Trouble) -> None:
    """Everything is set up: from now on the live limits hold, and the faults."""
    if snapshot.calls_left is not None:
        local.limit(snapshot.calls_left)
    trouble.make()


def _rehearse_file(
    project: Project, files: Files, order: Order, folder: Path, watch: Callable[[str], Progress]
) -> Findings:
    """A file has no org to copy: the file itself is copied, with all its lines and values."""
    settings: Any = files.settings.own
    source: Path = settings.source
    if not source.exists():
        raise ConfigurationError(f"{source} does not exist.")
    name = files.settings.name
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, folder / source.name)
    (folder / source.name).chmod(0o600)
    keys = {"path": source.name, "out": "judged.csv"}
    made = write_rehearsal(project, name, folder, keys=keys, environment={})
    with closing(wiring.open_ledger(made)) as ledger:
        syncs = Syncs(made, wiring.load_files(made, name), ledger, watch)
        syncs.run()
        return findings_of(syncs, _Trouble(None, order.faults, None).struck(), None)


def _require_known(files: Files) -> None:
    """Raise `ConfigurationError` for a CRM or an object of which no copy can be built."""
    crm = files.settings.plugin.name
    known = _OBJECTS.get(crm)
    read = getattr(files.settings.own, "object", known)
    pairs = ", ".join(f"{name} ({what})" for name, what in _OBJECTS.items())
    fix = f"Rehearsals know {pairs} and csv. See what would change with: leadgate plan"
    if known is None:
        raise ConfigurationError(f'There is no copy of "{crm}" to rehearse on. {fix}')
    if read != known:
        raise ConfigurationError(
            f'This connection reads "{read}", and a copy of {crm} has {known} only. {fix}'
        )


def _bulk_keys(crm: str, order: Order) -> dict[str, Any]:
    """A failing bulk job needs one: then the copy's sync writes by bulk as early as it may."""
    wanted = order.wants("bulk-failed") and crm == "salesforce"
    return {"bulk_above": _SMALLEST_BULK} if wanted else {}


def _stubborn(leads: pl.DataFrame) -> str | None:
    """The lead that is refused when a record is to be: the first that is no opportunity yet."""
    open_ = leads.filter(~leads["@converted"])
    return str(open_["@id"][0]) if open_.height else None


class _Trouble:
    """The faults of a rehearsal: made once everything is set up, counted when all is over."""

    def __init__(self, local: Local | None, faults: Sequence[Fault], lead: str | None) -> None:
        self.lead = lead
        self._local = local
        self._faults = faults
        self._counts: dict[str, Callable[[], int] | None] = {}

    def make(self) -> None:
        """Put the faults into force."""
        if self._local is not None and self.lead is not None:
            for fault in self._faults:
                self._counts[fault.name] = self._local.trouble(fault.name, self.lead)

    def struck(self) -> list[Struck]:
        """What each fault did."""
        return [_struck(fault, self._counts.get(fault.name)) for fault in self._faults]


def _struck(fault: Fault, count: Callable[[], int] | None) -> Struck:
    return Struck(fault.name, fault.words, count() if count else 0, possible=count is not None)
