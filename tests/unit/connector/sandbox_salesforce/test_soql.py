"""SOQL as the org understands it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.connector.sandbox_salesforce.conftest import Api


@pytest.fixture
def four(api: Api) -> Api:
    """Four leads: Ann (Hot, 10), Bob (Warm, 20), Cy (no rating, no employees), dee (Cold, 5)."""
    api.create(LastName="Ann", Rating="Hot", NumberOfEmployees=10, DoNotCall=True)
    api.create(LastName="Bob", Rating="Warm", NumberOfEmployees=20)
    api.create(LastName="Cy_x", Company="50% off")
    api.create(LastName="dee", Rating="Cold", NumberOfEmployees=5)
    return api


def names(api: Api, where: str, order: str = "ORDER BY LastName") -> list[str]:
    """Return the last names that a condition finds."""
    found = api.soql(f"SELECT LastName FROM Lead WHERE {where} {order}")  # noqa: S608 — SOQL
    return [row["LastName"] for row in found]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("Rating = 'hot'", ["Ann"]),
        ("Rating != 'Hot'", ["Bob", "Cy_x", "dee"]),
        ("Rating <> 'Hot'", ["Bob", "Cy_x", "dee"]),
        ("Rating NOT IN ('Hot', 'Warm')", ["Cy_x", "dee"]),
        ("Rating IN ('Hot', 'WARM')", ["Ann", "Bob"]),
        ("Rating = null", ["Cy_x"]),
        ("Rating != null", ["Ann", "Bob", "dee"]),
        ("NumberOfEmployees > 5", ["Ann", "Bob"]),
        ("NumberOfEmployees >= 5 AND NumberOfEmployees <= 10", ["Ann", "dee"]),
        ("NumberOfEmployees < 100", ["Ann", "Bob", "dee"]),
        ("NOT NumberOfEmployees < 100", ["Cy_x"]),
        ("(Rating = 'Hot' OR Rating = 'Cold') AND NumberOfEmployees = 5", ["dee"]),
        ("DoNotCall = true", ["Ann"]),
        ("DoNotCall = null", []),
        ("LastName LIKE 'a%'", ["Ann"]),
        ("LastName LIKE '_o_'", ["Bob"]),
        (r"LastName LIKE '%\_x'", ["Cy_x"]),
        (r"Company LIKE '50\%%'", ["Cy_x"]),
        ("LastName > 'bob'", ["Cy_x", "dee"]),
        ("CreatedDate = TODAY", ["Ann", "Bob", "Cy_x", "dee"]),
        ("CreatedDate < TODAY", []),
        (
            "CreatedDate >= LAST_N_DAYS:1 AND CreatedDate < 2026-03-03T00:00:00Z",
            ["Ann", "Bob", "Cy_x", "dee"],
        ),
        ("Owner.Name = 'Integration User' AND Owner.Type = 'User'", ["Ann", "Bob", "Cy_x", "dee"]),
        ("OwnerId IN (SELECT Id FROM User WHERE IsActive = false)", []),
        ("Lead.Rating = 'Hot'", ["Ann"]),
        ("rating = 'Hot'", ["Ann"]),
    ],
)
def test_conditions(four: Api, where: str, expected: list[str]) -> None:
    """Each operator keeps the rows that the real one keeps, nulls and case included."""
    assert names(four, where) == expected


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT Id FROM Lead WHERE Rating = 'a' AND Rating = 'b' OR Rating = 'c'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead WHERE", "MALFORMED_QUERY"),
        ("SELECT Id Lead", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead LIMIT x", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead WHERE Name = 'open", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead WHERE CreatedDate = SOMEDAY", "MALFORMED_QUERY"),
        ("SELECT Nope FROM Lead", "INVALID_FIELD"),
        ("SELECT Nope.Name FROM Lead", "INVALID_FIELD"),
        ("SELECT Id, Id FROM Lead", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE CreatedDate = '2026-01-01'", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE CreatedDate = 2026-01-01", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE NumberOfEmployees = '5'", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE Rating = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE Description LIKE 'a%'", "INVALID_FIELD"),
        ("SELECT Id FROM Lead ORDER BY Description", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE OwnerId = 'x'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Person", "INVALID_TYPE"),
        ("SELECT Id FROM Lead LIMIT 1 OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
        ("SELECT FIELDS(ALL) FROM Lead", "MALFORMED_QUERY"),
        ("SELECT Status, COUNT(Id) FROM Lead", "MALFORMED_QUERY"),
        ("SELECT Id, (SELECT Id FROM Tasks) FROM Lead", "SANDBOX_UNSUPPORTED"),
    ],
)  # fmt: skip
def test_refusals(api: Api, query: str, code: str) -> None:
    """What SOQL forbids is refused with its code; what is not modelled says so."""
    assert api.refused(query) == code


def test_a_refusal_points_at_its_place(api: Api) -> None:
    """The message names row, column and the unknown field, like the real one."""
    answer = api.call("GET", "/query", params={"q": "SELECT Foo FROM Lead"})

    assert answer.status_code == 400
    assert answer.json()[0]["message"].startswith(
        "\nSELECT Foo FROM Lead\n       ^\nERROR at Row:1:Column:8\nNo such column 'Foo' on entity"
    )


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("NumberOfEmployees", ["Cy_x", "dee", "Ann", "Bob"]),
        ("NumberOfEmployees NULLS LAST", ["dee", "Ann", "Bob", "Cy_x"]),
        ("NumberOfEmployees DESC", ["Cy_x", "Bob", "Ann", "dee"]),
        ("NumberOfEmployees DESC NULLS LAST", ["Bob", "Ann", "dee", "Cy_x"]),
        ("LastName DESC LIMIT 2 OFFSET 1", ["Cy_x", "Bob"]),
    ],
)
def test_order(four: Api, order: str, expected: list[str]) -> None:
    """Nulls come first unless asked otherwise, in both directions; text order ignores case."""
    assert names(four, "Id != null", f"ORDER BY {order}") == expected


def test_ties_come_in_no_particular_order(make_api: Callable[..., Api]) -> None:
    """Equal keys are shuffled from query to query, so that nobody leans on their order."""
    api = make_api(leads=60)
    seen = {
        tuple(row["Id"] for row in api.soql("SELECT Id FROM Lead ORDER BY IsConverted"))
        for _ in range(3)
    }

    assert len(seen) == 3


def test_parents_and_missing_parents(four: Api) -> None:
    """A parent is an object of its own with its type; a missing one is null."""
    row = four.soql(
        "SELECT Owner.Name, Owner.Type, CreatedBy.Name, ConvertedAccount.Name FROM Lead LIMIT 1"
    )[0]

    assert row["Owner"]["attributes"]["type"] == "Name"
    assert (row["Owner"]["Name"], row["Owner"]["Type"]) == ("Integration User", "User")
    assert row["CreatedBy"]["attributes"]["type"] == "User"
    assert row["ConvertedAccount"] is None


def test_aggregates(four: Api) -> None:
    """Counts, sums and groups are what the rows add up to; null values do not count."""
    answer = four.call("GET", "/query", params={"q": "SELECT COUNT() FROM Lead"}).json()
    assert (answer["totalSize"], answer["records"]) == (4, [])

    row = four.soql(
        "SELECT COUNT(Id), COUNT(NumberOfEmployees) known, SUM(NumberOfEmployees), "
        "AVG(NumberOfEmployees) mean, MIN(LastName) FROM Lead"
    )[0]
    assert row["attributes"] == {"type": "AggregateResult"}
    assert (row["expr0"], row["known"], row["expr1"], row["mean"]) == (4, 3, 35, 35 / 3)

    groups = four.soql("SELECT Company, COUNT(Id) n FROM Lead GROUP BY Company ORDER BY COUNT(Id)")
    assert [(row["Company"], row["n"]) for row in groups] == [("50% off", 1), ("Acme", 3)]


def test_pages_follow_a_locator_and_read_values_late(make_api: Callable[..., Api]) -> None:
    """Pages keep the rows of the query, in its order, but show the values of now."""
    api = make_api(leads=500, page_size=200)
    query = "SELECT Id, Title FROM Lead WHERE IsConverted = false ORDER BY Id"
    page = api.call("GET", "/query", params={"q": query}).json()
    last = api.org.rows(query.replace("WHERE", "WHERE IsDeleted = false AND"))[-1]["Id"]
    api.org.mutate({"id": last, "fields": {"Title": "Changed meanwhile"}})
    rows = list(page["records"])
    sizes = [len(rows)]
    while not page["done"]:
        page = api.http.get(page["nextRecordsUrl"]).json()
        rows += page["records"]
        sizes.append(len(page["records"]))

    assert len({row["Id"] for row in rows}) == len(rows) == page["totalSize"]
    assert sizes[0] == 200
    assert len(sizes) > 2
    assert rows[-1]["Title"] == "Changed meanwhile"


def test_an_unknown_locator_is_refused(api: Api) -> None:
    """A locator that was never given is INVALID_QUERY_LOCATOR."""
    assert api.error("GET", "/query/01gNope-2000") == (400, "INVALID_QUERY_LOCATOR")


def test_query_all_sees_the_recycle_bin(api: Api) -> None:
    """Deleted and merged rows are in queryAll only, the loser pointing at the winner."""
    winner, loser, gone = api.create(), api.create(), api.create()
    api.org.mutate(
        [{"merge": {"master": winner, "victims": [loser]}}, {"id": gone, "delete": True}]
    )
    query = "SELECT Id, MasterRecordId FROM Lead WHERE IsDeleted = true ORDER BY Id"

    assert api.soql(query) == []
    found = api.call("GET", "/queryAll", params={"q": query}).json()["records"]
    assert {row["Id"]: row["MasterRecordId"] for row in found} == {loser: winner, gone: None}


def test_batch_size_is_a_wish_within_limits(make_api: Callable[..., Api]) -> None:
    """A wish below 200 gives 200 rows."""
    api = make_api(leads=300)
    headers = {"Sforce-Query-Options": "batchSize=10"}
    page = api.call("GET", "/query", params={"q": "SELECT Id FROM Lead"}, headers=headers).json()

    assert len(page["records"]) == 200
