"""The part of `rejects fix` that changes the mapping file: found, shown as a difference, checked, written."""

from __future__ import annotations

import codecs
import difflib
import os
import shutil
import tempfile
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connector.cli.console import emit, out
from connector.errors import ConfigurationError

if TYPE_CHECKING:
    import polars as pl

    from connector.engine.rejects import Mended
    from connector.ledger import SqlLedger
    from connector.settings import Project
    from connector.wiring import Files, Opened


@dataclass(frozen=True)
class Fixed:
    """A mapping file before and after its change, which fits the CRM and is not written yet."""

    path: Path | None
    name: str
    before: str
    after: str
    mended: Mended

    @property
    def difference(self) -> str:
        """What changes, as `diff -u` shows it; blank if nothing does."""
        before, after = (text.splitlines(keepends=True) for text in (self.before, self.after))
        return "".join(difflib.unified_diff(before, after, self.name, self.name))

    def write(self) -> None:
        """Put the new text in the place of the old one, in one step and with the same rights."""
        if self.path is None or self.after == self.before:
            return
        path = self.path.resolve()
        raw = path.read_bytes()
        encoding = "utf-8-sig" if raw.startswith(codecs.BOM_UTF8) else "utf-8"
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        line_end = "\r\n" if b"\r\n" in raw else "\n"
        with os.fdopen(handle, "w", encoding=encoding, newline=line_end) as file:
            file.write(self.after)
        shutil.copymode(path, temporary)
        Path(temporary).replace(path)


def mend(found: Project, ledger: SqlLedger, files: Files, rejected: pl.DataFrame) -> Fixed:
    """What the mapping can do about rejected lines, checked against the CRM as it is now.

    Raises `ConfigurationError` when the changed mapping would not fit, or is not the project's own.
    """
    from connector import wiring
    from connector.engine.rejects import mended
    from mappings.editing import edited

    opened = wiring.open_connection(found, files, ledger)
    with closing(opened.crm):
        done = mended(rejected, files.mapping, opened.schema)
        name = found.document.data["connections"][files.settings.name].get("mapping")
        if not done.remedies:
            return Fixed(None, name or "", "", "", done)
        if not name:
            raise ConfigurationError(
                f'"{files.settings.name}" uses the mapping that ships, which cannot be changed. '
                "Give the connection a file of its own under `mapping:`; leadgate init writes one."
            )
        path = found.root / name
        before = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        after = edited(before, files.mapping, done.remedies)
        _require_fit(opened, files, after)
        return Fixed(path, name, before, after, done)


def _require_fit(opened: Opened, files: Files, text: str) -> None:
    """Raises `ConfigurationError` where the new text has mistakes that the old one does not have."""
    from mappings.check import check_mapping
    from mappings.mapping import load_mapping
    from scoring.document import parse_yaml

    document = parse_yaml(text, files.document.name)
    checked = check_mapping(
        load_mapping(document),
        document,
        opened.schema,
        connection=files.settings.name,
        supports_setup=opened.crm.field_name,
    )
    known = {problem.what for problem in opened.checked.errors}
    new = [problem for problem in checked.errors if problem.what not in known]
    if new:
        raise ConfigurationError("The changed mapping would not fit; nothing was changed.", new)


def show(connection: str, fixed: Fixed, *, planned: bool, json: bool) -> None:
    """What is changed, and what is left to people."""
    from rich.markup import escape

    from connector.cli import show as shown

    if json:
        emit(
            {
                "connection": connection,
                "outcome": "planned" if planned else "fixed",
                "file": fixed.name or None,
                "remedies": [asdict(each) for each in fixed.mended.remedies],
                "diff": fixed.difference,
                "leads": len(fixed.mended.ids),
                "left": fixed.mended.rest.height,
            }
        )
        return
    console = out()
    for each in fixed.mended.remedies:
        console.print(f"[green]→[/] {escape(each.words)}")
    for line in fixed.difference.splitlines():
        colour = {"+": "green", "-": "red"}.get(line[:1], "dim")
        console.print(f"  [{colour}]{escape(line)}[/]")
    count = len(fixed.mended.ids)
    if count:
        what = "would be tried again" if planned else "are tried again"
        console.print(f"{count:,} lead{'s' if count > 1 else ''} {what}.")
    if not fixed.mended.rest.is_empty():
        console.print("No change of the mapping helps here; a person has to:")
        shown.rejects(console, {connection: fixed.mended.rest})
