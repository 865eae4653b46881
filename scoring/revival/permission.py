"""Why a lead must not be touched now: each reason with its code and in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from scoring.revival.activity import MOMENT
from scoring.revival.cadences import exhausted
from scoring.revival.persons import HELD_OUT
from scoring.revival.section import WRITING
from scoring.words import YES_NO

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from scoring.criteria import Compiled
    from scoring.revival.past import Past
    from scoring.revival.section import RevivalSection

REASONS = {
    "not_stalled": "not stalled",
    "opted_out": "opted out",
    "opted_out_elsewhere": "opted out under another record or by unsubscribing",
    "do_not_call": "must not be called",
    "rep_active": "a rep is active",
    "new_owner": "has a new owner",
    "same_person": "the same person is in a cadence under another record",
    "watched": "still watched after a cadence",
    "no_cadence": "no cadence fits",
    "ended": "the cadence has ended",
    "held_out": "held out",
    "rejected": "rejected too often",
    "never_here": "nobody is written to in the country",
    "no_consent": "has not agreed to be written to",
    "no_address": "no e-mail address that works",
    "not_due": "the next step is not due yet",
    "person_cap": "the person was touched often enough",
    "total_cap": "the person was touched often enough for ever",
    "company_cap": "the company was touched often enough",
    "quiet": "quiet hours or days where the lead lives",
    "after_others": "others of the person or company come first",
}
"""Every code with what it means, in the order in which a lead is asked."""


@dataclass(frozen=True)
class Reason:
    """A reason not to touch: its code, whether it holds, and the words for this very lead."""

    code: str
    holds: pl.Expr
    words: pl.Expr


def barriers(section: RevivalSection, consent: Compiled | None, now: datetime) -> list[Reason]:
    """All that forbids a touch but hours and caps, over frames with a cadence and its next step."""
    moment = pl.lit(now).cast(MOMENT)
    active = moment - timedelta(days=section.rep_active_days)
    return [
        Reason("opted_out", pl.col("email_opt_out"), pl.lit(YES_NO["email_opt_out"][0])),
        Reason("do_not_call", pl.col("do_not_call"), pl.lit(YES_NO["do_not_call"][0])),
        Reason("opted_out_elsewhere", pl.col("@why_out").is_not_null(), pl.col("@why_out")),
        Reason("rep_active", pl.col("@contact") > active, _day("in contact with a rep on ", "@contact")),
        Reason("new_owner", pl.col("@owner_since") > active, _day("has a new owner since ", "@owner_since")),
        Reason(
            "same_person",
            (pl.col("@elsewhere") > moment) & ~pl.col("runs"),
            pl.lit("the same person is in a cadence under another record"),
        ),
        Reason("watched", _watched(moment), _day("still watched until ", "@watched")),
        Reason("ended", _over(), pl.lit("its cadence has ended: ") + pl.col("@ended")),
        Reason("no_cadence", _unfit(moment), pl.lit("no cadence fits")),
        Reason("held_out", ~pl.col("new") & (pl.col("arm") == HELD_OUT), pl.lit("held out of ") + pl.col("cadence")),
        Reason("rejected", pl.col("runs") & exhausted(), pl.lit("its next step was rejected too often")),
        *_of_writing(section, consent),
        Reason("not_due", pl.col("earliest") > moment, _day("the next step is due on ", "earliest")),
    ]  # fmt: skip


def _of_writing(section: RevivalSection, consent: Compiled | None) -> list[Reason]:
    """What forbids to write to a lead, by the country it lives in and by its address."""
    writes = pl.col("channel").is_in(WRITING)
    policy = _policy(section)
    agreed = pl.lit(value=False) if consent is None else consent.holds
    country = pl.coalesce(
        pl.lit(" in ") + pl.col("country"), pl.lit(", and the country is not known")
    )
    no_address = (pl.col("channel") == "email") & pl.col("email").is_null()
    return [
        Reason("never_here", writes & (policy == "never"), pl.lit("nobody is written to") + country),
        Reason("no_consent", writes & (policy == "opt_in") & ~agreed, pl.lit("has not agreed to be written to") + country),
        Reason("no_address", writes & pl.col("email_bounced"), pl.lit(YES_NO["email_bounced"][0])),
        Reason("no_address", no_address, pl.lit("no e-mail address")),
    ]  # fmt: skip


def with_past_people(frame: pl.DataFrame, past: Past) -> pl.DataFrame:
    """Add `@why_out` (opted out elsewhere: why) and `@owner_since`."""
    out = past.opted_out.group_by("person").agg(pl.col("why").first().alias("@why_out"))
    owners = past.owners.select("id", pl.col("since").alias("@owner_since")).unique("id")
    frame = frame.join(out, on="person", how="left", maintain_order="left")
    return frame.join(owners, on="id", how="left", maintain_order="left")


def codes(reasons: Iterable[Reason]) -> pl.Expr:
    """The codes of the reasons that hold, as a list."""
    found = [pl.when(_surely(r.holds)).then(pl.lit(r.code)) for r in reasons]
    return pl.concat_list(found).list.drop_nulls()


def words(reasons: Iterable[Reason]) -> pl.Expr:
    """The reasons that hold in words; an empty text if none does."""
    found = [pl.when(_surely(r.holds)).then(r.words) for r in reasons]
    return pl.concat_str(found, separator="; ", ignore_nulls=True)


def _surely(holds: pl.Expr) -> pl.Expr:
    return holds.fill_null(value=False)


def _day(before: str, column: str) -> pl.Expr:
    return pl.lit(before) + pl.col(column).dt.strftime("%Y-%m-%d")


def _watched(moment: pl.Expr) -> pl.Expr:
    return pl.col("stalled") & ~pl.col("runs") & (pl.col("@watched") > moment)


def _over() -> pl.Expr:
    return pl.col("cadence").is_null() & pl.col("@ended").is_not_null()


def _unfit(moment: pl.Expr) -> pl.Expr:
    watched = _surely(pl.col("@watched") > moment)
    return pl.col("stalled") & pl.col("cadence").is_null() & ~watched


def _policy(section: RevivalSection) -> pl.Expr:
    """What holds in the lead's country: opt_in, opt_out or never."""
    writing = section.writing
    known = {
        **dict.fromkeys(writing.opt_in, "opt_in"),
        **dict.fromkeys(writing.opt_out, "opt_out"),
        **dict.fromkeys(writing.never, "never"),
    }
    code = pl.col("country").str.strip_chars().str.to_uppercase()
    listed = code.replace_strict(known, default=writing.elsewhere, return_dtype=pl.String)
    blank = code.is_null() | (code == "")
    return pl.when(blank).then(pl.lit(writing.strictest)).otherwise(listed)
