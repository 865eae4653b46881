"""Field-level security: which fields the connected user sees and may edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.sandbox.salesforce.fields import Field
    from connector.sandbox.salesforce.store import Record, Store


class FieldSecurity:
    """The fields of one user, worked out from the permission sets that count for them."""

    def __init__(self, store: Store, user_id: str) -> None:
        self._store = store
        self._user_id = user_id
        self._version = -1
        self._visible: dict[str, dict[str, Field]] = {}
        self._granted: dict[str, bool] = {}
        """Field with its object, `Lead.Title`, → whether it may be edited."""

    def visible(self, table: str) -> dict[str, Field]:
        """The fields of an object that the user may read, by lower-case name."""
        self._refresh()
        if table not in self._visible:
            fields = self._store.tables[table].fields.values()
            self._visible[table] = {
                field.name.lower(): field
                for field in fields
                if not field.permissionable or f"{table}.{field.name}" in self._granted
            }
        return self._visible[table]

    def may_edit(self, table: str, field: Field) -> bool:
        """Whether the user may write a field that they see."""
        self._refresh()
        return not field.permissionable or self._granted.get(f"{table}.{field.name}", False)

    def permission_sets(self) -> set[str]:
        """The ids of the permission sets that count for the user: the profile's and assigned ones."""
        user = self._store.tables["User"].rows[self._user_id]
        own = {
            row["Id"]
            for row in self._store.live("PermissionSet")
            if row.get("ProfileId") == user.get("ProfileId")
        }
        return own | {
            row["PermissionSetId"]
            for row in self._store.live("PermissionSetAssignment")
            if row["AssigneeId"] == self._user_id
        }

    def _refresh(self) -> None:
        if self._version == self._store.version:
            return
        sets = self.permission_sets()
        self._version = self._store.version
        self._visible, self._granted = {}, {}
        for row in self._store.live("FieldPermissions"):
            if row["ParentId"] in sets and row.get("PermissionsRead"):
                self._grant(row)

    def _grant(self, row: Record) -> None:
        edit = bool(row.get("PermissionsEdit"))
        self._granted[row["Field"]] = self._granted.get(row["Field"], False) or edit
