"""Touches, arms and owners in the ledger: an intent is given once, and merges hand on."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from tests.unit.connector.ledger.conftest import START

MOMENT = pl.Datetime("us", "UTC")


def intents(*keys, lead="1", step=1):
    """Touches of one lead that are about to be made."""
    one = {
        "id": lead, "person": "p", "company": "c", "cadence": "wake", "step": step,
        "channel": "task", "template": None, "target": None, "due": "2026-11-22", "began": START,
        "reason": "silent", "digest": "d", "at": START,
    }  # fmt: skip
    return pl.DataFrame([one | {"key": key} for key in keys]).with_columns(
        pl.col("began", "at").cast(MOMENT), pl.col("template", "target").cast(pl.String)
    )


def outcome(key, state):
    """How a touch ended."""
    none = {"touch_id": None, "code": None, "message": None}
    return pl.DataFrame([{"key": key, "state": state} | none])


@pytest.mark.parametrize(
    ("state", "again"), [("applied", []), ("unknown", []), ("rejected", ["k"]), ("skipped", ["k"])]
)
def test_an_intent_is_given_once(ledger, state, again):
    """Not while it is open, and not after its touch was made or may have been."""
    assert ledger.intend_touches("acme", "r1", intents("k")).to_list() == ["k"]
    assert ledger.intend_touches("acme", "r2", intents("k")).to_list() == []
    assert ledger.unfinished_touches("acme")["run"].to_list() == ["r1"]

    ledger.settle_touches("acme", outcome("k", state))

    assert ledger.unfinished_touches("acme").is_empty()
    assert ledger.intend_touches("acme", "r3", intents("k")).to_list() == again


def test_a_merge_hands_touches_and_arms_on(ledger, begun):
    """The record that is left has the history of both; an arm of its own stays."""
    ledger.begin_run(begun("r1"))
    ledger.remember("acme", "r1", pl.DataFrame({"id": ["1", "2"], "facts": ["{}", "{}"]}))
    ledger.intend_touches("acme", "r1", intents("k1"))
    arms = pl.DataFrame(
        {"id": ["1", "1", "2"], "cadence": ["wake", "late", "wake"], "arm": ["treated", "held_out", "treated"]}
    ).with_columns(
        began=pl.lit(START).cast(MOMENT), at=pl.lit(START).cast(MOMENT), person=pl.lit("p"),
        stage=pl.lit("lead"), cause=pl.lit("silent"), digest=pl.lit("d"),
    )  # fmt: skip
    ledger.enrol("acme", "r1", arms)

    ledger.forget_gone("acme", "r1", pl.DataFrame({"@id": ["1"], "@merged_into": ["2"]}))

    ids = pl.DataFrame({"connection": ["acme"], "id": ["2"]})
    nobody = pl.Series([], dtype=pl.String)
    assert ledger.touched_before(ids, nobody, nobody)["key"].to_list() == ["k1"]
    handed = ledger.enrolled_before(ids, nobody).select("cadence", "arm").sort("cadence").rows()
    assert handed == [("late", "held_out"), ("wake", "treated")]


def test_a_new_owner_is_seen_once_it_differs(ledger):
    """The first owner is no news; the next one is, since that moment."""
    later = START + timedelta(days=3)
    ids = pl.Series(["1", "2"])
    for owners, moment in (
        (["ann", "bob"], START),
        (["ann", "cy"], later),
        (["ann", "cy"], later + timedelta(days=1)),
    ):
        ledger.watch_owners("acme", pl.DataFrame({"id": ids, "owner": owners}), moment)

    assert ledger.new_owners("acme", ids).rows() == [("2", later)]


def test_objections_are_found_in_every_connection(ledger):
    """Who said no to e-mails or calls, whatever connection they are in."""
    for name, facts in (
        ("acme", '{"email":"a@x.org","email_opt_out":true}'),
        ("bolt", '{"do_not_call":true}'),
        ("cord", '{"email_opt_out":false}'),
    ):
        ledger.remember(name, "r1", pl.DataFrame({"id": ["1"], "facts": [facts]}))

    found = ledger.objections().sort("connection")

    assert found.select("connection", "email", "email_opt_out", "do_not_call").rows() == [
        ("acme", "a@x.org", True, False),
        ("bolt", None, False, True),
    ]
