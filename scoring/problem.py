"""A problem in something that a user wrote: collected first, raised once."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that a user has to mend.

    `where` names the file, line and key ("mappings/acme.yaml:12: write.score"), `what` says what is
    wrong and what was allowed, `fix` says what to do or which command to run.
    """

    where: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (f"{self.where}: {self.what}", self.fix) if part)


class ProblemsError(Exception):
    """Everything found wrong in the files of one user, never empty."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[ProblemsError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` was most likely meant to be, or None if nothing is near."""
    names = list(known)
    folded = {candidate.casefold(): candidate for candidate in reversed(names)}
    found = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence that names the nearest known name, else the known names, else nothing."""
    names = list(known)
    near = nearest(name, names)
    if near is not None:
        return f'Did you mean "{near}"?'
    if names and len(names) <= 24:  # noqa: PLR2004 — what fits two terminal lines
        return "Known: " + ", ".join(names) + "."
    return ""


def refuse(problems: Iterable[Problem]) -> None:
    """Raise `ProblemsError` if there are any problems."""
    collected = tuple(problems)
    if collected:
        raise ProblemsError(collected)
