"""The connection keys of a file of leads in leadgate.yaml."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from scoring.document import Schema

INPUTS = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet")
OUTPUTS = (".csv", ".tsv")


def _ending(name: str, endings: tuple[str, ...]) -> str:
    found = next((ending for ending in endings if name.lower().endswith(ending)), None)
    if found is None:
        raise ValueError("must end in one of " + ", ".join(endings) + ".")
    return found


def _input(name: str) -> str:
    _ending(name, INPUTS)
    return name


def _output(name: str | None) -> str | None:
    if name is not None:
        _ending(name, OUTPUTS)
    return name


def _codec(name: str | None) -> str | None:
    if name is not None:
        try:
            codecs.lookup(name)
        except LookupError:
            raise ValueError("is no encoding; common ones are utf-8 and cp1252.") from None
    return name


class CsvSettings(Schema):
    """Where the leads are, how the file is written, and where the verdicts go."""

    path: Annotated[str, AfterValidator(_input)]
    """The file of leads; it is never changed."""
    out: Annotated[str | None, AfterValidator(_output)] = None
    """The file with all its columns and ours; `leads.leadgate.csv` beside `leads.csv` if not given."""
    id: str | None = None
    """The column that tells leads apart; without it `id`, else `email`, else the line number."""
    modified: str | None = None
    """A column with the time of the last change, ISO 8601; without it the file's own time counts."""
    encoding: Annotated[str | None, AfterValidator(_codec)] = None
    delimiter: Literal[",", ";", "|", "tab"] | None = None

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.out is not None and Path(self.out).resolve() == Path(self.path).resolve():
            raise ValueError("`out` must be another file than `path`, which is never changed.")
        return self

    @property
    def source(self) -> Path:
        """The file of leads."""
        return Path(self.path)

    @property
    def target(self) -> Path:
        """The file with the verdicts."""
        if self.out is not None:
            return Path(self.out)
        stem = self.source.name[: -len(_ending(self.source.name, INPUTS))]
        return self.source.with_name(f"{stem}.leadgate.csv")
