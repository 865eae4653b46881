"""Somebody unsubscribes: believed, kept in the ledger, and told to the CRMs that know them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.errors import ConfigurationError
from connector.outreach.opening import outreach_keys
from connector.outreach.opt_out import believed, digest_of_address, token_connection
from connector.outreach.settings import ascii_address

if TYPE_CHECKING:
    from datetime import datetime

    from connector.ledger import SqlLedger
    from connector.settings import Project

_NEITHER = (
    "This is neither an e-mail address nor an unsubscribe token of this project. Give the address,"
    " or the whole token of the link in the mail."
)


@dataclass(frozen=True, slots=True)
class OptOut:
    """Somebody's no: whether it was new, the address where it is known, and the leads it names."""

    new: bool
    address: str | None
    leads: tuple[tuple[str, str], ...] = ()
    """Connection and id, beside the leads that have the address."""


def record(project: Project, ledger: SqlLedger, who: str, at: datetime) -> OptOut:
    """Keep the no of the person with this e-mail address or token.

    Raises `ConfigurationError` for a text that is neither, or a token that is not ours.
    """
    if "@" in who:
        address = who.strip()
        if ascii_address(address) is None:
            raise ConfigurationError(_NEITHER)
        new = ledger.record_opt_out_of(digest_of_address(address), at, "address")
        return OptOut(new, address)
    name = token_connection(who)
    if name is None or name not in project.connections:
        raise ConfigurationError(_NEITHER)
    email = outreach_keys(project, name).email
    known = believed(who, email.unsubscribe.secret if email else None)
    if known is None:
        raise ConfigurationError(
            f"The token is not signed with outreach.email.unsubscribe.secret of {name}."
        )
    new = ledger.record_opt_out_of(known.digest, at, "token")
    return OptOut(new, _address_of(ledger.lead(name, known.lead)), ((name, known.lead),))


def leads_of(ledger: SqlLedger, no: OptOut, name: str) -> list[str]:
    """The leads of a connection that belong to who has opted out, as far as they were read."""
    named = [lead for connection, lead in no.leads if connection == name]
    found = ledger.find_lead(name, no.address) if no.address else []
    return list(dict.fromkeys((*named, *found)))


def _address_of(lead: dict[str, Any] | None) -> str | None:
    address = ((lead or {}).get("facts") or {}).get("email")
    return str(address) if address else None
