"""Everything that one org consists of while it runs."""

from __future__ import annotations

import random
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from connector.sandbox.salesforce.audit import Audit
from connector.sandbox.salesforce.faults import Faults
from connector.sandbox.salesforce.permissions import FieldSecurity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from connector.sandbox.salesforce.clock import Clock
    from connector.sandbox.salesforce.store import Store

OLDEST_VERSION, NEWEST_VERSION = 31, 68
LAST_SOAP_LOGIN = 64


@dataclass(frozen=True)
class OrgConfig:
    """How the org behaves where real orgs differ.

    `page_size` is the most rows of a query page, `bulk_delay_seconds` how long a bulk job takes,
    `daily_limit` the API calls a day, `session_seconds` how long an unused session lives.
    """

    page_size: int = 2000
    bulk_delay_seconds: float = 0.2
    daily_limit: int = 100_000
    session_seconds: int = 7200
    assignment_rule: bool = True
    assigned_sources: tuple[str, ...] = ("Web", "Webinar")
    rotate_refresh_tokens: bool = False
    jwt_tokens: bool = False
    soap_login: bool = True
    may_convert: bool = True
    may_customize: bool = True
    jwt_public_key: str | None = None
    faults: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class People:
    """The ids of the users, the queue and the permission set that the org starts with."""

    api_user: str
    admin: str
    reps: tuple[str, ...]
    queue: str
    profile_permissions: str
    organization: str


@dataclass
class Cursor:
    """A query whose rows are fixed and whose values are read page by page."""

    ids: Sequence[str]
    build: Any
    """Record → the JSON object of its row."""
    size: int
    made_at: float


@dataclass
class State:
    """The org: tables, clock, users, sessions, jobs, faults and figures. `lock` guards all of it."""

    store: Store
    clock: Clock
    config: OrgConfig
    people: People
    seed: int
    sessions: dict[str, Session] = field(default_factory=dict)
    refresh_tokens: set[str] = field(default_factory=set)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    jobs: dict[str, Any] = field(default_factory=dict)
    audit: Audit = field(default_factory=Audit)
    truth: dict[str, dict[str, str]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    used: int = 0
    daily_limit: int = 0
    schema_stamp: str = ""
    custom_fields: int = 0
    """How many custom fields were ever made; numbers their ids."""
    private_key: str | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.faults = Faults(self.seed)
        self.faults.add(self.config.faults)
        self.chance = random.Random(self.seed)
        self.security = FieldSecurity(self.store, self.people.api_user)
        self.daily_limit = self.config.daily_limit
        self.schema_stamp = self.clock.stamp()
        self._serial = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep what is done inside, or, when an exception leaves it, neither rows nor figures."""
        with self.store.transaction(), self.audit.holding():
            yield

    def serial(self, prefix: str) -> str:
        """A new name that begins with `prefix`, the same in every run of the same seed."""
        self._serial += 1
        return f"{prefix}{self._serial:06d}{self.chance.getrandbits(64):016x}"


@dataclass
class Session:
    """A session of a user; `seen_at` moves with every use."""

    user_id: str
    seen_at: float


@dataclass(frozen=True)
class Actor:
    """Who writes, and how.

    A person and the system itself are not held back by field-level security. `at` back-dates the
    stamps; `request` is "METHOD path" of an API call.
    """

    user_id: str
    role: Literal["api", "person", "system"] = "api"
    auto_assign: bool = False
    at: str | None = None
    request: str = ""
