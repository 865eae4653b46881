"""What people do in the portal's own pages, and what the portal's trackers write."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from connector.sandbox.hubspot.failures import invalid
from connector.sandbox.hubspot.kinds import kind_of
from connector.sandbox.hubspot.store import PERSON, Source
from connector.sandbox.hubspot.validate import texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from threading import RLock

    from connector.sandbox.hubspot.clock import Clock
    from connector.sandbox.hubspot.kinds import Kind
    from connector.sandbox.hubspot.records import Records
    from connector.sandbox.hubspot.store import Record

TRACKER = Source("ANALYTICS")
P = ParamSpec("P")
R = TypeVar("R")


def _locked(
    act: Callable[Concatenate[Admin, P], R],
) -> Callable[Concatenate[Admin, P], R]:
    @wraps(act)
    def locked(admin: Admin, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with admin.lock:
            return act(admin, *args, **kwargs)

    return locked


class Admin:
    """Changes the portal as a person would. Every call raises `ApiFailure` for what cannot be."""

    def __init__(self, records: Records, clock: Clock, lock: RLock) -> None:
        self.lock = lock
        self._records = records
        self._clock = clock

    @_locked
    def update(self, type_name: str, record_id: str | int, properties: Mapping[str, Any]) -> None:
        """Edit a record by hand; a person may move the lifecycle stage back."""
        kind, record = self._find(type_name, record_id)
        values = self._records.check_change(kind, record, texts(dict(properties)))
        self._records.change(kind, record, values, PERSON)

    @_locked
    def observe(self, type_name: str, record_id: str | int, properties: Mapping[str, Any]) -> None:
        """Let the portal's trackers write: visits, opens and other read-only properties."""
        kind, record = self._find(type_name, record_id)
        self._records.observe(kind, record, texts(dict(properties)), TRACKER)

    @_locked
    def create(self, type_name: str, properties: Mapping[str, Any]) -> str:
        """Make a record by hand and return its id."""
        kind = kind_of(type_name)
        values = self._records.check_new(kind, texts(dict(properties)))
        return str(self._records.create(kind, values, source=PERSON).id)

    @_locked
    def archive(self, type_name: str, record_id: str | int) -> None:
        """Delete a record, as people say; it goes into the bin."""
        self._records.archive(*self._find(type_name, record_id), PERSON)

    @_locked
    def restore(self, type_name: str, record_id: str | int) -> None:
        """Take a record out of the bin."""
        kind = kind_of(type_name)
        record = self._records.find(kind, str(record_id), archived=True)
        self._records.restore(kind, record)

    @_locked
    def merge(self, type_name: str, primary: str | int, other: str | int) -> str:
        """Merge two records and return the new id."""
        kind, first = self._find(type_name, primary)
        return str(self._records.merge(kind, first, self._find(type_name, other)[1]).id)

    @_locked
    def associate(
        self, type_name: str, record_id: str | int, to_type: str, to_id: str | int
    ) -> None:
        """Associate two records without a label."""
        one, other = self._find(type_name, record_id), self._find(to_type, to_id)
        default = self._records.types.default(one[0].name, other[0].name)
        self._records.associate(one, other, [default])

    @_locked
    def touch(
        self,
        type_name: str,
        properties: Mapping[str, Any],
        ids: Iterable[str | int] | None = None,
        limit: int | None = None,
    ) -> int:
        """Edit many records (all, unless ids or a limit are given) in one and the same millisecond.

        Returns how many there were. Records that hold the values already get the new date, too.
        """
        kind = kind_of(type_name)
        store = self._records.stores[kind.name]
        chosen = list(store.records) if ids is None else [int(i) for i in ids]
        live = [store.records[i] for i in chosen if not store.records[i].archived][:limit]
        with self._clock.held():
            for record in live:
                self._records.observe(kind, record, texts(dict(properties)), PERSON)
                store.touch(record)
        return len(live)

    @_locked
    def mutate(self, ops: Iterable[Mapping[str, Any]]) -> list[Any]:
        """Do many of these by name: `{"op": "update", "type": "contacts", "id": …, …}`.

        The other keys are those of the methods here. Returns each one's result.
        """
        return [self._one(dict(op)) for op in ops]

    def _one(self, op: dict[str, Any]) -> Any:
        name, type_name = op.pop("op", None), op.pop("type", "contacts")
        acts: dict[Any, Callable[..., Any]] = {
            "update": self.update, "observe": self.observe, "create": self.create,
            "archive": self.archive, "restore": self.restore, "merge": self.merge,
            "associate": self.associate, "touch": self.touch,
        }  # fmt: skip
        if "id" in op:
            op["record_id"] = op.pop("id")
        try:
            return acts[name](type_name, **op)
        except (KeyError, TypeError) as error:
            raise invalid(f"Cannot do {name}: {error}. Known: {', '.join(acts)}") from None

    def _find(self, type_name: str, record_id: str | int) -> tuple[Kind, Record]:
        kind = kind_of(type_name)
        return kind, self._records.find(kind, str(record_id))
