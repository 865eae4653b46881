"""Why a ledger's database cannot be used, in plain words and without any secret.

What a server says is read for its kind alone; names come from the address, and no password does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.errors import ConfigurationError, ConnectorError, TransientError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL
    from sqlalchemy.exc import DBAPIError

_STATES = {
    "28": "credentials", "3D": "database", "42501": "rights", "3F": "rights", "53300": "full", "57P": "starting",
    "25006": "read only",
}  # fmt: skip
"""Beginnings of SQLSTATE codes; a refused connection comes without one."""

_WORDS = {
    "credentials": (
        "password authentication failed", "no password supplied", "pg_hba.conf",
        "authentication failed", 'role "',
    ),
    "database": ('database "',),
    "host": ("failed to resolve host", "could not translate host name"),
    "tls": ("ssl", "certificate"),
    "full": ("too many clients", "too many connections", "remaining connection slots"),
    "starting": ("starting up", "shutting down", "recovery mode"),
    "rights": ("permission denied",),
    "silent": ("refused", "timeout", "timed out", "unreachable", "no such file", "no route"),
}  # fmt: skip
"""Words of PostgreSQL and its client that tell the kind of an error, the most certain first."""


def explained(error: DBAPIError, address: URL) -> ConnectorError:
    """The error of opening a ledger at this address, as the user is to be told."""
    if address.get_backend_name() == "sqlite":
        return ConfigurationError(f"ledger: the database cannot be used: {first_line(error)}.")
    kind = _kind(error)
    words = _words(kind, address, error)
    if kind in ("silent", "full", "starting"):
        return TransientError(f"ledger: {words}")
    return ConfigurationError(f"ledger: {words}")


def first_line(error: DBAPIError) -> str:
    """The first line of what the driver said, without its full stop."""
    return (str(error.orig).strip().splitlines() or ["unknown"])[0].rstrip(".")


def _kind(error: DBAPIError) -> str:
    state = str(getattr(error.orig, "sqlstate", None) or "")
    for beginning, kind in _STATES.items():
        if state.startswith(beginning):
            return kind
    said = str(error.orig).lower()
    for kind, phrases in _WORDS.items():
        if any(phrase in said for phrase in phrases):
            return kind
    return ""


def _words(kind: str, address: URL, error: DBAPIError) -> str:
    place, user, database = place_of(address), address.username or "", address.database or ""
    login = f'the user "{user}"' if user else "this user"
    known = {
        "credentials": f"the server at {place} refuses {login} or the password. "
        "Check both; a password is best given as ${NAME} of an environment variable.",
        "database": f'the server at {place} has no database "{database}". '
        f"Create it: createdb {database}",
        "host": f"there is no server called {place}. Check the address.",
        "tls": f"no encrypted connection to {place}: {first_line(error)}. Check sslmode.",
        "full": f"the server at {place} has no connection free. Try again later, or raise its "
        "max_connections.",
        "starting": f"the server at {place} is starting up or shutting down. Try again later.",
        "rights": f'{login} may not create tables in "{database}". '
        f"Grant it: GRANT CREATE ON SCHEMA public TO {user or 'USER'}",
        "read only": f"the database at {place} is read only: a standby, perhaps. "
        "Give the address of the primary.",
        "silent": f"no PostgreSQL server answers at {place}. Is it running, and may this machine "
        "reach it?",
    }
    return known.get(kind, f"the database cannot be used: {first_line(error)}.")


def place_of(address: URL) -> str:
    """Host and port of a server, or the folder of its socket."""
    host = address.host or str(address.query.get("host") or "this machine's socket")
    return f"{host}:{address.port}" if address.port else host
