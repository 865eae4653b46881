"""How many calls work in Salesforce takes: the formulas of reader, writer and converter."""

from __future__ import annotations

from connector.engine.apply import CHUNK

_RETRIEVED = 2000
_COLLECTION = 200
_CONVERTED = 100
_JOB = 4  # made, filled, declared complete, its failed rows read
_POLLS = 4
_STATUS = 1


def calls(reads: int, changes: int, conversions: int, tasks: int, *, bulk_above: int) -> int:
    """About how many calls it takes to read so many records, and to write, convert and make so many.

    A conversion takes a SOAP call for a hundred leads and one write for the opportunities of two
    hundred; the status is asked for once. A bulk job takes the same calls whatever its size.
    """
    return (
        _of(reads, _RETRIEVED)
        + _changes(changes, bulk_above)
        + _of(conversions, _CONVERTED)
        + _of(conversions, _COLLECTION)
        + (_STATUS if conversions else 0)
        + _of(tasks, _COLLECTION)
    )


def _changes(count: int, bulk_above: int) -> int:
    jobs, rest = divmod(count, CHUNK["change"])
    last = _of(rest, _COLLECTION) if rest <= bulk_above else _JOB + _POLLS
    return jobs * (_JOB + _POLLS) + last


def _of(count: int, size: int) -> int:
    return -(-count // size)
