"""How the org describes its objects: the complete set of keys that the REST API answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce.fields import NUMBERS

if TYPE_CHECKING:
    from connector.sandbox.salesforce.fields import Field, Option
    from connector.sandbox.salesforce.permissions import FieldSecurity
    from connector.sandbox.salesforce.store import Table

SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "address": "urn:address",
    **dict.fromkeys(NUMBERS - {"int"}, "xsd:double"),
}
BYTES_PER_LETTER = 3
ALWAYS: dict[str, Any] = {
    "aiPredictionField": False,
    "autoNumber": False,
    "calculatedFormula": None,
    "cascadeDelete": False,
    "caseSensitive": False,
    "controllerName": None,
    "defaultValueFormula": None,
    "dependentPicklist": False,
    "deprecatedAndHidden": False,
    "displayLocationInDecimal": False,
    "encrypted": False,
    "filteredLookupInfo": None,
    "formulaTreatNullNumberAsZero": False,
    "highScaleNumber": False,
    "htmlFormatted": False,
    "mask": None,
    "maskType": None,
    "queryByDistance": False,
    "referenceTargetField": None,
    "relationshipOrder": None,
    "restrictedDelete": False,
    "searchPrefilterable": False,
    "writeRequiresMasterRead": False,
}
SYSTEM_DEFAULTED = frozenset({"OwnerId", "Id", "CreatedById", "LastModifiedById"})
ADDRESS_FIELDS = frozenset(
    {"Street", "City", "State", "PostalCode", "Country", "Latitude", "Longitude"}
)
OBJECT_FLAGS: dict[str, bool] = {
    "activateable": False,
    "compactLayoutable": True,
    "custom": False,
    "customSetting": False,
    "deepCloneable": False,
    "deprecatedAndHidden": False,
    "feedEnabled": False,
    "hasSubtypes": False,
    "isInterface": False,
    "isSubtype": False,
    "layoutable": True,
    "mruEnabled": True,
    "queryable": True,
    "replicateable": True,
    "retrieveable": True,
    "searchable": True,
    "triggerable": True,
}


def describe_object(table: Table, security: FieldSecurity, base: str) -> dict[str, Any]:
    """The whole description of an object, with the fields that the user may see."""
    fields = [
        describe_field(table, field, may_edit=security.may_edit(table.name, field))
        for field in security.visible(table.name).values()
    ]
    return {
        **summary(table, base),
        "actionOverrides": [],
        "childRelationships": [],
        "compoundFields": [],
        "fields": fields,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [],
        "searchLayoutable": True,
        "supportedScopes": [{"label": f"All {table.spec.plural}", "name": "everything"}],
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "implementedBy": None,
        "implementsInterfaces": None,
        "sobjectDescribeOption": "FULL",
    }


def summary(table: Table, base: str) -> dict[str, Any]:
    """An object as the list of objects shows it."""
    writable = table.spec.writable
    address = f"{base}/sobjects/{table.name}"
    return {
        **OBJECT_FLAGS,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": writable,
        "deletable": writable,
        "keyPrefix": table.spec.prefix,
        "label": table.spec.label,
        "labelPlural": table.spec.plural,
        "mergeable": table.name in {"Lead", "Account", "Contact"},
        "name": table.name,
        "undeletable": writable,
        "updateable": writable,
        "urls": {
            "sobject": address,
            "describe": f"{address}/describe",
            "rowTemplate": f"{address}/{{ID}}",
        },
    }


def describe_field(table: Table, field: Field, *, may_edit: bool) -> dict[str, Any]:
    """One field in all its keys."""
    return {
        **ALWAYS,
        **_type(field),
        **_use(table, field, may_edit=may_edit),
        "compoundFieldName": _compound(table, field),
        "custom": field.custom,
        "defaultValue": field.default if field.type == "boolean" else None,
        "externalId": field.external_id,
        "extraTypeInfo": "plaintextarea" if field.long_text else None,
        "idLookup": field.external_id or field.type == "id" or field.name == "Email",
        "inlineHelpText": field.help,
        "label": field.label,
        "name": field.name,
        "nameField": field.name == "Name",
        "namePointing": len(field.reference_to) > 1,
        "picklistValues": [_option(option) for option in field.options],
        "polymorphicForeignKey": len(field.reference_to) > 1,
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship,
        "restrictedPicklist": field.restricted,
        "unique": field.unique,
    }


def _type(field: Field) -> dict[str, Any]:
    whole = field.type == "int"
    return {
        "byteLength": field.length * BYTES_PER_LETTER if field.type not in {"int", "id"} else 0,
        "calculated": False,
        "digits": field.length if whole else 0,
        "length": 0 if whole else field.length,
        "precision": field.precision,
        "scale": field.scale,
        "soapType": SOAP.get(field.type, "xsd:string"),
        "type": field.type,
    }


def _use(table: Table, field: Field, *, may_edit: bool) -> dict[str, Any]:
    writable = table.spec.writable and may_edit
    defaulted = field.default is not None or field.name in SYSTEM_DEFAULTED
    return {
        "aggregatable": field.filterable and field.type != "boolean",
        "createable": writable and field.createable,
        "defaultedOnCreate": defaulted or field.name in {"CreatedDate", "SystemModstamp"},
        "filterable": field.filterable,
        "groupable": field.filterable and field.type not in NUMBERS and field.type != "datetime",
        "nillable": not (field.required or defaulted or (field.fixed and field.type == "datetime")),
        "permissionable": field.permissionable,
        "sortable": field.filterable,
        "updateable": writable and field.updateable,
    }


def _compound(table: Table, field: Field) -> str | None:
    if table.spec.person and field.name in {"FirstName", "LastName", "Salutation"}:
        return "Name"
    return "Address" if table.name == "Lead" and field.name in ADDRESS_FIELDS else None


def _option(option: Option) -> dict[str, Any]:
    return {
        "active": option.active,
        "defaultValue": option.default,
        "label": option.label,
        "validFor": None,
        "value": option.value,
    }
