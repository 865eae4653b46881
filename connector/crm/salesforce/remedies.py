"""What an admin does about a row that Salesforce refused, by Salesforce's own code."""

from __future__ import annotations

REMEDIES: dict[str, str] = {
    "API_DISABLED_FOR_ORG": 'Grant the connected user "API Enabled".',
    "CANNOT_EXECUTE_FLOW_TRIGGER": "A flow on this object failed: open its error mail, or exempt the connected user.",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": "An Apex trigger on this object failed: mend it, or let it pass the connected user.",
    "DUPLICATES_DETECTED": "A duplicate rule blocks it: merge the duplicates, or let the rule report only for the connected user.",
    "DUPLICATE_VALUE": "Another record holds this value in a unique field: merge the two or clear one.",
    "ENTITY_IS_LOCKED": "The record is in an approval process: finish it, or let admins edit locked records.",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": "A validation rule refuses it: mend the record, or exempt the connected user in the rule.",
    "FIELD_FILTER_VALIDATION_EXCEPTION": "A lookup filter refuses the value: change the mapping or the filter.",
    "FIELD_INTEGRITY_EXCEPTION": "The value does not fit the field's kind or its related record: check the mapping.",
    "INACTIVE_OWNER_OR_USER": "The owner is inactive: give the record to an active user.",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "Give the connected user access to the related record.",
    "INSUFFICIENT_ACCESS_OR_READONLY": "Give the connected user Edit on this object and access to the record.",
    "INVALID_CROSS_REFERENCE_KEY": "The record, or one that the value names, does not exist or may not be seen.",
    "INVALID_EMAIL_ADDRESS": "Mend the e-mail address in the record, or do not map this field.",
    "INVALID_FIELD": "The field does not exist or may not be seen: grant it in the permission set, or mend the mapping.",
    "INVALID_FIELD_FOR_INSERT_UPDATE": "The field may not be edited: grant Edit on it in the permission set, or map another.",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "Add the value to the picklist, or translate it with `values` in the mapping.",
    "INVALID_STATUS": "Set `convert.status` in the mapping to a converted lead status that the record type allows.",
    "INVALID_TYPE_ON_FIELD_IN_RECORD": "The value does not fit the field's type: choose another transform in the mapping.",
    "INVALID_VALUE": "The value does not fit the field's type: choose another transform in the mapping.",
    "InvalidBatch": "The field does not exist or may not be edited: mend the mapping.",
    "JSON_PARSER_ERROR": "The value does not fit the field's type: choose another transform in the mapping.",
    "MALFORMED_ID": "The value is not a record id: mend the mapping.",
    "NUMBER_OUTSIDE_VALID_RANGE": "The number has more digits than the field: enlarge the field, or map another.",
    "OP_WITH_INVALID_USER_TYPE_EXCEPTION": "The owner's licence may not own this record: name another user.",
    "QUEUE_OWNER": "A queue owns the lead: name the user who gets such leads under `convert.owner` in the mapping.",
    "REQUIRED_FIELD_MISSING": "Fill the field in the record, or map it.",
    "STORAGE_LIMIT_EXCEEDED": "The org's storage is full: free some.",
    "STRING_TOO_LONG": "Enlarge the field, or shorten the text in the mapping.",
    "UNABLE_TO_LOCK_ROW": "Other automation holds the record: run again later, or move that automation to another time.",
    "UNAVAILABLE_RECORDTYPE_EXCEPTION": "Give the connected user a default record type for the new object.",
}
"""Every code that a row is refused with in practice."""

SKIPPED: dict[str, str] = {
    "CANNOT_UPDATE_CONVERTED_LEAD": "the lead has been converted and is read-only",
    "ENTITY_IS_DELETED": "the record has been deleted",
}
"""Codes that say there is nothing left to write, and the reason in plain words."""


def remedy(code: str) -> str:
    """What to do about a refused row; never blank."""
    return REMEDIES.get(code, f"Look up {code} in Salesforce's list of status codes.")
