"""Which path leads where, and which scope it needs; numbered and dated paths lead to the same code."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.sandbox.hubspot.failures import ApiFailure
from connector.sandbox.hubspot.http import Answer, Call
from connector.sandbox.hubspot.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.sandbox.hubspot.association_api import AssociationsApi
    from connector.sandbox.hubspot.auth import Auth
    from connector.sandbox.hubspot.batch import BatchApi
    from connector.sandbox.hubspot.lists import ListsApi
    from connector.sandbox.hubspot.objects import ObjectsApi
    from connector.sandbox.hubspot.schema_api import AccountApi, PropertiesApi
    from connector.sandbox.hubspot.search import SearchApi

Handler = Callable[[Call], Answer]
_FAMILIES = "objects|properties|pipelines|owners|associations|lists"
_DATE = r"\d{4}-\d{2}"
_DATED = re.compile(rf"/crm/({_FAMILIES})/{_DATE}(/.*)?")
_NUMBERED = re.compile(rf"/crm/v(\d)/({_FAMILIES})(/.*)?")
_OTHER = re.compile(rf"/(oauth|account-info)/(?:v\d|{_DATE})(/.*)")
_CONTACT_ACTIVITIES = ("tasks", "notes")


@dataclass(frozen=True, slots=True)
class Route:
    """One kind of call. `scope` is read or write (after an area, for others than objects), or owners."""

    method: str
    pattern: re.Pattern[str]
    handler: Handler
    scope: str = ""
    public: bool = False
    template: str = ""

    @property
    def search(self) -> bool:
        """Whether the search's own limit applies."""
        return self.template.endswith("/search")


@dataclass(frozen=True, slots=True)
class Apis:
    """Everything that answers calls."""

    objects: ObjectsApi
    batch: BatchApi
    search: SearchApi
    associations: AssociationsApi
    properties: PropertiesApi
    account: AccountApi
    lists: ListsApi
    auth: Auth


def canonical(path: str) -> str | None:
    """Reduce a path to family and rest, without its version; None for one that is not served.

    Associations are served by v4, everything else by v3; dated paths serve both.
    """
    path = path.rstrip("/")
    if dated := _DATED.fullmatch(path):
        return dated[1] + (dated[2] or "")
    if numbered := _NUMBERED.fullmatch(path):
        of_associations = numbered[2] == "associations" or "/associations/" in (numbered[3] or "")
        if numbered[1] != ("4" if of_associations else "3"):
            return None
        return numbered[2] + (numbered[3] or "")
    if other := _OTHER.fullmatch(path):
        return other[1] + other[2]
    return None


class Routes:
    """Finds the route of a call."""

    def __init__(self, apis: Apis) -> None:
        self._routes = [_route(*line) for line in _table(apis)]

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
        """Find route and path parameters; raises `ApiFailure` 404 or 405."""
        reduced = canonical(path)
        matching = [(r, m) for r in self._routes if reduced and (m := r.pattern.fullmatch(reduced))]
        for route, match in matching:
            if route.method == method:
                return route, match.groupdict()
        if matching:
            raise ApiFailure(405, f"HTTP {method} method not allowed")
        raise ApiFailure(404, "Unable to find the requested path")


def scopes(route: Route, params: Mapping[str, str]) -> list[list[str]]:
    """List what a call needs: of each inner list, any one scope."""
    if not route.scope:
        return []
    if route.scope == "owners":
        return [["crm.objects.owners.read"]]
    if route.scope.startswith("lists."):
        return [[f"crm.{route.scope}"]]
    area, _, right = route.scope.rpartition(".")
    types = [kind_of(params[key]).name for key in ("type", "to") if key in params]
    owned = ["contacts" if name in _CONTACT_ACTIVITIES else name for name in types]
    if area == "pipelines":
        return [[f"crm.{a}.{name}.{right}" for a in ("schemas", "objects")] for name in owned]
    return [[f"crm.{area or 'objects'}.{name}.{right}"] for name in owned]


def _route(template: str, method: str, handler: Handler, scope: str) -> Route:
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))
    return Route(
        method, pattern, handler, scope, public=template.startswith("oauth"), template=template
    )


Line = tuple[str, str, Handler, str]


def _table(apis: Apis) -> list[Line]:
    return [
        *_object_lines(apis),
        *_association_lines(apis.associations),
        *_property_lines(apis.properties),
        *_list_lines(apis.lists),
        ("pipelines/{type}", "GET", apis.account.pipelines, "pipelines.read"),
        ("pipelines/{type}/{id}", "GET", apis.account.pipeline, "pipelines.read"),
        ("pipelines/{type}/{id}/stages", "GET", apis.account.stages, "pipelines.read"),
        ("owners", "GET", apis.account.owners, "owners"),
        ("owners/{id}", "GET", apis.account.owner, "owners"),
        ("account-info/details", "GET", apis.account.account, ""),
        ("oauth/token", "POST", apis.auth.exchange, ""),
        ("oauth/token/introspect", "POST", apis.auth.introspect, ""),
        ("oauth/access-tokens/{token}", "GET", apis.auth.described, ""),
    ]


def _object_lines(apis: Apis) -> list[Line]:
    one, many = apis.objects, apis.batch
    return [
        ("objects/{type}", "GET", one.page, "read"),
        ("objects/{type}", "POST", one.create, "write"),
        ("objects/{type}/search", "POST", apis.search.search, "read"),
        ("objects/{type}/merge", "POST", one.merge, "write"),
        ("objects/{type}/batch/read", "POST", many.read, "read"),
        ("objects/{type}/batch/create", "POST", many.create, "write"),
        ("objects/{type}/batch/update", "POST", many.update, "write"),
        ("objects/{type}/batch/upsert", "POST", many.upsert, "write"),
        ("objects/{type}/batch/archive", "POST", many.archive, "write"),
        ("objects/{type}/{id}", "GET", one.get, "read"),
        ("objects/{type}/{id}", "PATCH", one.update, "write"),
        ("objects/{type}/{id}", "DELETE", one.archive, "write"),
    ]


def _association_lines(api: AssociationsApi) -> list[Line]:
    one = "objects/{type}/{id}/associations"
    many = "associations/{type}/{to}"
    return [
        (f"{one}/default/{{to}}/{{to_id}}", "PUT", api.put_default, "write"),
        (f"{one}/{{to}}/{{to_id}}", "PUT", api.put_labels, "write"),
        (f"{one}/{{to}}/{{to_id}}", "DELETE", api.archive, "write"),
        (f"{one}/{{to}}", "GET", api.page, "read"),
        (f"{many}/batch/read", "POST", api.batch_read, "read"),
        (f"{many}/batch/create", "POST", api.batch_create, "write"),
        (f"{many}/batch/associate/default", "POST", api.batch_default, "write"),
        (f"{many}/batch/archive", "POST", api.batch_archive, "write"),
        (f"{many}/batch/labels/archive", "POST", api.batch_archive_labels, "write"),
        (f"{many}/labels", "GET", api.labels, "read"),
        (f"{many}/labels", "POST", api.create_label, "write"),
    ]


def _list_lines(api: ListsApi) -> list[Line]:
    members = "lists/{list}/memberships"
    return [
        ("lists", "POST", api.create, "lists.write"),
        ("lists/search", "POST", api.search, "lists.read"),
        ("lists/object-type-id/{object_type}/name/{name}", "GET", api.get_by_name, "lists.read"),
        ("lists/{list}", "GET", api.get, "lists.read"),
        (members, "GET", api.members, "lists.read"),
        (f"{members}/add", "PUT", api.add, "lists.write"),
        (f"{members}/remove", "PUT", api.remove, "lists.write"),
        (f"{members}/add-and-remove", "PUT", api.add_and_remove, "lists.write"),
    ]


def _property_lines(api: PropertiesApi) -> list[Line]:
    return [
        ("properties/{type}", "GET", api.all, "schemas.read"),
        ("properties/{type}", "POST", api.create, "schemas.write"),
        ("properties/{type}/groups", "GET", api.groups, "schemas.read"),
        ("properties/{type}/groups", "POST", api.create_group, "schemas.write"),
        ("properties/{type}/groups/{name}", "GET", api.group, "schemas.read"),
        ("properties/{type}/batch/create", "POST", api.batch_create, "schemas.write"),
        ("properties/{type}/batch/read", "POST", api.batch_read, "schemas.read"),
        ("properties/{type}/batch/archive", "POST", api.batch_archive, "schemas.write"),
        ("properties/{type}/{name}", "GET", api.get, "schemas.read"),
        ("properties/{type}/{name}", "PATCH", api.update, "schemas.write"),
        ("properties/{type}/{name}", "DELETE", api.archive, "schemas.write"),
    ]
