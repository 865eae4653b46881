"""The mappings that are shipped: a start for every CRM, to be copied and edited."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent

DEFAULTS = ("csv", "hubspot", "salesforce")
"""The CRMs with a shipped mapping."""


def default_mapping_text(crm: str) -> str:
    """The shipped mapping of a CRM as YAML text, comments and all.

    Raises LookupError for a CRM that has none.
    """
    if crm not in DEFAULTS:
        raise LookupError(
            f'No mapping is shipped for "{crm}". There is one for: {", ".join(DEFAULTS)}.'
        )
    return (_HERE / f"{crm}.yaml").read_text(encoding="utf-8")
