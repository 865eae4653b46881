"""What the engine asks of the ledger: the database of runs, leads, verdicts, lines and outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    import polars as pl

    from connector.engine.ports import Window
    from connector.engine.runs import RunReport, RunStart


class Ledger(Protocol):
    """The database of runs, watermarks, last seen leads, verdicts, plan lines and outcomes.

    Frames
    ------
    memory (`seen`): id, modified_at, verdict_key (model and mapping under which this version of the
        record was settled; null while something is still to be written), stage, stage_since,
        written String (JSON object of CRM field → what we last wrote), converted Boolean,
        opportunity_id, opportunity_state, lost_reason, quarantine_key (null unless
        rejected: what must differ before it is tried again), facts String (JSON object of the
        lead's fields), days List[Date] (on which it showed interest, as far as recorded), answers
        String (JSON object of fact → {value, was}; see connector/engine/answers.py)
    outdated (`outdated`): the memory frame without answers, and score and there String (JSON
        object: see connector/engine/there.py)
    lines (`save_lines`, `lines`): see connector/engine/plan.py
    """

    def begin_run(self, start: RunStart) -> None:
        """Write the run before its first call."""
        ...

    def end_run(self, report: RunReport) -> None:
        """Write the run's end and its figures."""
        ...

    def runs(self, connection: str | None = None, limit: int = 20) -> list[RunReport]:
        """The latest runs, newest first."""
        ...

    def take_lease(self, connection: str, holder: str, now: datetime, seconds: int) -> bool:
        """Take or prolong the connection's lease; False while another holder's has not run out."""
        ...

    def release_lease(self, connection: str, holder: str) -> None:
        """Give the lease back; a lease of another holder stays."""
        ...

    def watermark(self, connection: str) -> datetime | None:
        """Up to when the connection has been read completely; None before the first run."""
        ...

    def verdict_key(self, connection: str) -> str | None:
        """The model and mapping under which the watermark was reached."""
        ...

    def set_watermark(self, connection: str, at: datetime, run: str, verdict_key: str) -> None:
        """Move the watermark; it never moves back."""
        ...

    def count_modified(self, connection: str, window: Window) -> int:
        """How many living leads were last changed in the window, as far as the ledger knows."""
        ...

    def seen(self, connection: str, ids: Sequence[str]) -> pl.DataFrame:
        """What is remembered of these leads (the memory frame; unknown ids are left out)."""
        ...

    def remember(self, connection: str, run: str, leads: pl.DataFrame) -> None:
        """Insert or replace the memory of judged leads: the columns given replace, the rest stays."""
        ...

    def forget_gone(self, connection: str, run: str, gone: pl.DataFrame) -> int:
        """Mark deleted and merged leads; a merged one hands its history on. How many were new."""
        ...

    def record_verdicts(  # noqa: PLR0913 — what was judged, when, by which model
        self,
        connection: str,
        run: str,
        judged: pl.DataFrame,
        as_of: date,
        model: str,
        *,
        quiet: Sequence[str] = (),
        facts: pl.Expr | None = None,
    ) -> None:
        """Add to the history every verdict that differs from the lead's last one.

        Differences in the columns named in `quiet` alone do not count. `facts` makes from the frame
        what each verdict rests on (a JSON object), which is kept with it.
        """
        ...

    def verdict_history(self, connection: str, lead: str) -> list[dict[str, Any]]:
        """Every verdict on one lead, oldest first, with `facts` (JSON; None if they were not kept)."""
        ...

    def record_answers(self, connection: str, run: str, given: pl.DataFrame) -> None:
        """Add answers: id, fact, value and was (JSON or null), label, person, source."""
        ...

    def answers(self, connection: str, lead: str) -> list[dict[str, Any]]:
        """Every answer of one lead, oldest first."""
        ...

    def record_engagement(self, connection: str, days: pl.DataFrame) -> None:
        """Add days on which leads showed interest (id, day Date); known ones stay."""
        ...

    def keep_model(self, connection: str, model: Mapping[str, Any]) -> None:
        """Keep a model word for word: digest, name, version, text, extra."""
        ...

    def model(self, connection: str, digest: str) -> dict[str, Any] | None:
        """The kept model with this digest; None if it was never kept."""
        ...

    def outdated(self, connection: str, run: str, as_of: date) -> Iterator[pl.DataFrame]:
        """The living leads not judged as of this day nor met in this run (outdated frames)."""
        ...

    def there(self, connection: str, ids: Sequence[str]) -> pl.DataFrame:
        """What is in the CRM as far as we know: id, there; unknown leads are left out."""
        ...

    def judged_as_of(self, connection: str, as_of: date) -> None:
        """Every living lead has been judged as of this day."""
        ...

    def record_problems(self, connection: str, run: str, problems: pl.DataFrame) -> None:
        """Replace the data problems of these leads (id, problems List[Struct])."""
        ...

    def record_disagreements(self, connection: str, run: str, kept: pl.DataFrame) -> None:
        """Keep where a person's edit was left standing: id, field, ours, theirs."""
        ...

    def save_lines(self, run: str, lines: pl.DataFrame) -> None:
        """Add lines to a run's plan, without outcomes."""
        ...

    def lines(
        self, run: str, *, kind: str | None = None, undecided_only: bool = False, size: int = 50_000
    ) -> Iterator[pl.DataFrame]:
        """A run's lines in order, in frames of at most `size`; safe while outcomes are recorded."""
        ...

    def record_outcomes(self, run: str, kind: str, outcomes: pl.DataFrame) -> None:
        """Write what became of lines, found by kind and `@id`."""
        ...

    def intend_conversions(self, connection: str, run: str, keys: pl.DataFrame) -> None:
        """Write that these leads (id, key) are about to be converted, before the call."""
        ...

    def settle_conversions(self, connection: str, run: str, outcomes: pl.DataFrame) -> None:
        """Write how conversions ended; applied ones mark the lead converted."""
        ...

    def lead(self, connection: str, lead: str) -> dict[str, Any] | None:
        """All that is known of one lead: facts, last verdict, lines, problems; None if unknown."""
        ...

    def unsettled_opportunities(self, connection: str) -> pl.DataFrame:
        """Converted leads whose opportunity is open or unknown: id, opportunity_id, state."""
        ...

    def record_opportunities(self, connection: str, run: str, states: pl.DataFrame) -> None:
        """Keep states (id, state, reason); leads whose opportunity is closed are to be judged again."""
        ...

    def unfinished_conversions(self, connection: str) -> pl.DataFrame:
        """Conversions that were intended and whose end nobody knows: id, key, run."""
        ...

    def quarantine(self, connection: str, rejected: pl.DataFrame) -> None:
        """Leave these leads (id, why, key) alone while their quarantine key stays the same."""
        ...

    def release(self, connection: str, ids: Sequence[str] | None = None) -> int:
        """End the quarantine of these leads (None: of all); how many were in quarantine."""
        ...

    def release_undone(self, connection: str) -> int:
        """End the hold on what was undone; how many leads were held."""
        ...

    def settle_undone(self, connection: str, of: str, ids: Sequence[str]) -> None:
        """These leads are as they were before that run: their stage, and nothing is settled."""
        ...

    def settle_retracted(self, connection: str, outcomes: pl.DataFrame) -> None:
        """The applied ones are no longer converted, and may be converted again."""
        ...

    def take_back_verdicts(self, connection: str, run: str) -> None:
        """Forget what a stopped run has decided, as if it had never judged."""
        ...

    def run(self, run: str) -> RunReport | None:
        """The report of one run, or None for an unknown id."""
        ...

    def count_leads(self, connection: str) -> int:
        """How many living leads are remembered."""
        ...

    def leads_facts(self, connection: str, *, size: int = 50_000) -> Iterator[pl.DataFrame]:
        """Every living lead: id, facts and written as JSON objects, and more."""
        ...

    def kept_schema(self, connection: str) -> tuple[str, str] | None:
        """The mapping's digest and the fields (JSON) of the last schema that fitted."""
        ...

    def keep_schema(self, connection: str, run: str, mapping: str, fields: str) -> None:
        """Keep the schema that fits now."""
        ...
