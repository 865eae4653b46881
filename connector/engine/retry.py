"""Trying again what was rejected: those leads and no others.

The records are read by id, judged and planned like any page, whether or not they are held back. The
hold itself stays until the CRM has answered: a process that dies in between has released nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from connector.engine.apply import Applied
from connector.engine.ports import Page
from connector.engine.pull import take_page
from connector.engine.steps import with_judged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.engine.runs import RunReport
    from connector.engine.steps import Steps

CHUNK = 10_000
"""Leads that are read by id at once."""


def retry_leads(held: Steps, report: RunReport, ids: Sequence[str]) -> RunReport:
    """Read these leads, judge and plan them, apply that, and free those that are through."""
    connection, ledger = held.connection, held.ledger
    position = held.local_position()
    held.progress.begin("pull", len(ids))
    found: list[str] = []
    for start in range(0, len(ids), CHUNK):
        leads = connection.crm.fetch(ids[start : start + CHUNK], connection.fields)
        found += leads["@id"].to_list()
        if not leads.is_empty():
            order = replace(held.order(report, position), every_version=True, despite_hold=True)
            with ledger.together():
                take_page(connection, ledger, order, Page(leads), position.pulled)
                held.enter_apply(replace(report, planned=position.pulled.planned), position)
        held.progress.advance(leads.height)
    pulled = position.pulled
    report = replace(with_judged(report, pulled), read=pulled.read, judged=pulled.judged)
    report = replace(report, gone=len(set(ids) - set(found)))
    done = held.applied(report, Applied(), position=position)
    _free(held, found)
    return done


def _free(held: Steps, ids: Sequence[str]) -> None:
    """End the hold of the leads that were not rejected again."""
    again = {
        lead
        for page in held.ledger.lines(held.run)
        for lead in page.filter(pl.col("outcome") == "rejected")["id"]
    }
    held.ledger.release(held.connection.name, [lead for lead in ids if lead not in again])
