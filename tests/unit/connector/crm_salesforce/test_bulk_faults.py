"""Bulk jobs that are aborted, or never come to an end."""

from __future__ import annotations

import pytest

from connector import errors
from connector.crm.salesforce import bulk


def job(wire, **state):
    """An ingest job that is made and filled, and then is in this state."""
    made = {"id": "750x", "contentUrl": "services/data/v62.0/jobs/ingest/750x/batches/"}
    wire.on("POST", "/jobs/ingest$", json=made)
    wire.on("PUT", "/750x/batches", status=201)
    wire.on("PATCH", "/750x$", json={"state": "UploadComplete"})
    wire.on("GET", "/750x$", json=state)


def test_a_job_that_an_admin_aborts_says_so(connect, wire):
    """It has an end, which is not a good one, and its figures tell how far it came."""
    job(wire, state="Aborted", numberRecordsProcessed=3, numberRecordsFailed=1)

    done = bulk.ingest(connect()._client, "Lead", b"Id\n", rows=10)

    assert (done.complete, done.processed, done.failed) == (False, 3, 1)


def test_a_job_that_never_ends_is_given_up(connect, wire, naps):
    """After four hours of polls that grow rarer the run stops, and can be gone on with."""
    job(wire, state="InProgress")

    with pytest.raises(errors.TransientError, match="has not ended after 4 hours"):
        bulk.ingest(connect()._client, "Lead", b"Id\n", rows=10)

    assert sum(naps) >= 4 * 3600
    assert len(wire.sent("GET", "/750x$")) < 300


def test_a_late_job_is_waited_for(connect, wire):
    """Polls go on until it is done."""
    job(wire, state="JobComplete", numberRecordsProcessed=10, numberRecordsFailed=0)
    wire.on("GET", "/750x$", times=20, json={"state": "InProgress"})

    done = bulk.ingest(connect()._client, "Lead", b"Id\n", rows=10)

    assert (done.complete, done.processed) == (True, 10)
    assert len(wire.sent("GET", "/750x$")) == 21
