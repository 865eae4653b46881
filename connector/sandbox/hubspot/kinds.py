"""The object types of the portal and the names by which the API knows them."""

from __future__ import annotations

from dataclasses import dataclass

from connector.sandbox.hubspot.failures import unknown_type


@dataclass(frozen=True, slots=True)
class Kind:
    """An object type. `created` and `modified` name its date properties.

    `defaults` come when a caller asks for no properties; `searched` are those a text query reads.
    """

    name: str
    singular: str
    type_id: str
    created: str
    modified: str
    defaults: tuple[str, ...]
    searched: tuple[str, ...]

    @property
    def label(self) -> str:
        """The name in error messages: CONTACT."""
        return self.singular.upper()

    @property
    def always(self) -> tuple[str, str, str]:
        """The properties that come with every answer."""
        return ("hs_object_id", self.created, self.modified)


_MODIFIED = "hs_lastmodifieddate"

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("contacts", "contact", "0-1", "createdate", "lastmodifieddate",
             ("email", "firstname", "lastname"),
             ("firstname", "lastname", "email", "phone", "company", "hs_additional_emails")),
        Kind("companies", "company", "0-2", "createdate", _MODIFIED, ("name", "domain"),
             ("name", "domain", "website", "phone")),
        Kind("deals", "deal", "0-3", "createdate", _MODIFIED,
             ("dealname", "amount", "closedate", "dealstage", "pipeline"), ("dealname",)),
        Kind("leads", "lead", "0-136", "hs_createdate", _MODIFIED, ("hs_lead_name",),
             ("hs_lead_name",)),
        Kind("tasks", "task", "0-27", "hs_createdate", _MODIFIED, ("hs_task_subject",),
             ("hs_task_subject", "hs_task_body")),
        Kind("notes", "note", "0-46", "hs_createdate", _MODIFIED, (), ("hs_note_body",)),
    )
}  # fmt: skip

_BY_ANY_NAME = {
    alias: kind for kind in KINDS.values() for alias in (kind.name, kind.singular, kind.type_id)
}


def kind_of(name: str) -> Kind:
    """Find an object type by its plural, singular or type id.

    Raises `ApiFailure` for an unknown one.
    """
    found = _BY_ANY_NAME.get(name.lower())
    if found is None:
        raise unknown_type(name)
    return found
