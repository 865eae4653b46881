"""GET /query, /queryAll and the pages that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce.call import Answer
from connector.sandbox.salesforce.errors import ApiError
from connector.sandbox.salesforce.soql_run import SMALL_PAGE, Found, run
from connector.sandbox.salesforce.state import Cursor

if TYPE_CHECKING:
    from datetime import date

    from connector.sandbox.salesforce.call import Call
    from connector.sandbox.salesforce.fields import Field
    from connector.sandbox.salesforce.state import State
    from connector.sandbox.salesforce.store import Record, Table

CURSOR_SECONDS = 2 * 24 * 3600
SMALLEST_WISH = 200
FEW_LONG_TEXTS = 2


class OrgSource:
    """The org's records as the connected user sees them, or, with `everything`, as the admin does."""

    def __init__(self, state: State, *, everything: bool = False) -> None:
        self._state = state
        self._everything = everything

    def table(self, name: str) -> Table | None:
        """The table of an object whose name may be in any case."""
        return self._state.store.table(name)

    def visible(self, table: str) -> dict[str, Field]:
        """The fields that may be read, by lower-case name."""
        if self._everything:
            fields = self._state.store.tables[table].fields.values()
            return {field.name.lower(): field for field in fields}
        return self._state.security.visible(table)

    def find(self, record_id: str | None) -> Record | None:
        """The record with this id."""
        return self._state.store.find(record_id)

    def table_of(self, record_id: str) -> Table | None:
        """The table that an id belongs to."""
        return self._state.store.table_of(record_id)

    def today(self) -> date:
        """The org's present day."""
        return self._state.clock.now().date()


def query(state: State, call: Call) -> Answer:
    """GET /query?q=… with a SOQL query."""
    return _first_page(state, call, all_rows=False)


def query_all(state: State, call: Call) -> Answer:
    """GET /queryAll?q=…: with deleted and merged rows."""
    return _first_page(state, call, all_rows=True)


def more(state: State, call: Call) -> Answer:
    """GET /query/{locator}: the rows were fixed by the query, their values are read now."""
    name, _, start = call.place["locator"].partition("-")
    cursor = state.cursors.get(name)
    now = state.clock.now().timestamp()
    if cursor is None or not start.isdigit() or now - cursor.made_at > CURSOR_SECONDS:
        raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
    return Answer(_page(state, call, name, cursor, int(start)))


def _first_page(state: State, call: Call, *, all_rows: bool) -> Answer:
    text = call.params.get("q")
    if not text:
        raise ApiError("MALFORMED_QUERY", "A query string has to be specified")
    found = run(OrgSource(state), text, state.chance, all_rows=all_rows)
    if found.counted is not None:
        return Answer({"totalSize": found.counted, "done": True, "records": []})
    if found.totals is not None:
        return Answer({"totalSize": len(found.totals), "done": True, "records": found.totals})
    size = page_size(state, call, found)
    ids = [record["Id"] for record in found.records]
    cursor = Cursor(ids, found.build, size, state.clock.now().timestamp())
    name = state.serial("01gSb") if len(ids) > size else ""
    if name:
        state.cursors[name] = cursor
    return Answer(_page(state, call, name, cursor, 0))


def page_size(state: State, call: Call, found: Found) -> int:
    """How many rows a page has: the caller's wish, within the org's limits."""
    size = state.config.page_size
    _, _, wish = call.headers.get("sforce-query-options", "").partition("batchSize=")
    if wish.strip().isdigit():
        size = min(size, max(int(wish), SMALLEST_WISH))
    return min(size, SMALL_PAGE) if found.long_texts >= FEW_LONG_TEXTS else size


def _page(state: State, call: Call, name: str, cursor: Cursor, start: int) -> dict[str, Any]:
    stop = start + cursor.size
    build, find, base = cursor.build, state.store.find, call.base
    rows = [build(record, base) for key in cursor.ids[start:stop] if (record := find(key))]
    page: dict[str, Any] = {"totalSize": len(cursor.ids), "done": stop >= len(cursor.ids)}
    if not page["done"]:
        page["nextRecordsUrl"] = f"{base}/query/{name}-{stop}"
    return {**page, "records": rows}
