"""HubSpot's own Python client works against the portal, down to its models."""

from __future__ import annotations

import hubspot
import pytest
from hubspot.crm.associations.v4 import (
    BatchInputPublicDefaultAssociationMultiPost,
    BatchInputPublicFetchAssociationsBatchRequest,
    PublicDefaultAssociationMultiPost,
)
from hubspot.crm.contacts import (
    ApiException,
    BatchInputSimplePublicObjectBatchInput,
    BatchInputSimplePublicObjectBatchInputForCreate,
    BatchReadInputSimplePublicObjectId,
    PublicMergeInput,
    PublicObjectSearchRequest,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)
from hubspot.crm.objects import (
    BatchInputSimplePublicObjectBatchInputUpsert,
)
from hubspot.crm.properties import PropertyCreate


@pytest.fixture
def client(portal, url):
    """The SDK's client, aimed at the portal."""
    return hubspot.Client.create(access_token=portal.token, host=url)


def new(**properties):
    """A contact to create."""
    return SimplePublicObjectInputForCreate(properties=properties, associations=[])


def test_get_all_walks_the_list(client, portal):
    """Every live contact comes once, with its properties and dates."""
    found = client.crm.contacts.get_all(properties=["email", "lifecyclestage"])

    store = portal.records.stores["contacts"]
    live = [str(i) for i in store.order if not store.records[i].archived]
    assert live == [contact.id for contact in found]
    assert all(contact.updated_at >= contact.created_at for contact in found)


def test_create_get_update_archive_merge(client):
    """One record's life."""
    api = client.crm.contacts.basic_api
    made = api.create(simple_public_object_input_for_create=new(email="ann@acme.example"))
    other = api.create(simple_public_object_input_for_create=new(firstname="Bo"))
    changed = SimplePublicObjectInput(properties={"city": "Rome"})
    api.update(made.id, simple_public_object_input=changed)
    read = api.get_by_id("ann@acme.example", id_property="email", properties=["city"])
    merge = PublicMergeInput(primary_object_id=made.id, object_id_to_merge=other.id)
    merged = api.merge(public_merge_input=merge)
    api.archive(merged.id)

    assert (made.id, "Rome") == (read.id, read.properties["city"])
    assert merged.id not in (made.id, other.id)
    with pytest.raises(ApiException) as caught:
        api.get_by_id(merged.id)
    assert caught.value.status == 404


def test_search(client, portal):
    """Filters, sort and paging."""
    groups = [{"filters": [{"propertyName": "lifecyclestage", "operator": "EQ", "value": "lead"}]}]
    ask = {"filter_groups": groups, "properties": ["email"], "limit": 10}
    ask |= {"sorts": [{"propertyName": "createdate", "direction": "DESCENDING"}]}

    found = client.crm.contacts.search_api.do_search(PublicObjectSearchRequest(**ask))

    records = portal.records.stores["contacts"].records.values()
    leads = [r for r in records if r.properties.get("lifecyclestage") == "lead" and not r.archived]
    assert (len(leads), 10, "10") == (found.total, len(found.results), found.paging.next.after)
    dates = [r.created_at for r in found.results]
    assert sorted(dates, reverse=True) == dates


def test_batches(client):
    """Create, read, update with an error entry, and upsert by a unique property."""
    api = client.crm.contacts.batch_api
    inputs = [{"properties": {"email": f"{n}@acme.example"}, "associations": []} for n in "abc"]
    made = api.create(BatchInputSimplePublicObjectBatchInputForCreate(inputs=inputs))
    ids = [{"id": r.id} for r in made.results]
    read = api.read(
        BatchReadInputSimplePublicObjectId(
            inputs=ids, properties=["email"], properties_with_history=[]
        )
    )
    updates = [{"id": i["id"], "properties": {"city": "Rome"}} for i in (*ids, {"id": "1"})]
    updated = api.update(BatchInputSimplePublicObjectBatchInput(inputs=updates))

    assert {"a@acme.example", "b@acme.example", "c@acme.example"} == {
        r.properties["email"] for r in read.results
    }
    assert (
        len(updated.results),
        updated.num_errors,
        updated.errors[0].context["ids"],
    ) == (3, 1, ["1"])


def test_upsert_of_deals(client):
    """The generic objects API upserts by a unique property."""
    definition = PropertyCreate(
        name="source_key", label="Source key", type="string", field_type="text",
        group_name="dealinformation", has_unique_value=True,
    )  # fmt: skip
    client.crm.properties.core_api.create("deals", property_create=definition)
    one = {"id": "k-1", "idProperty": "source_key", "properties": {"dealname": "Acme"}}
    ask = BatchInputSimplePublicObjectBatchInputUpsert(inputs=[one])

    api = client.crm.objects.batch_api
    first, second = (api.upsert("deals", ask).results[0] for _ in range(2))

    assert (True, False, first.id) == (first.new, second.new, second.id)


def test_properties_pipelines_owners(client):
    """The portal describes itself."""
    properties = client.crm.properties.core_api.get_all("contacts").results
    stages = client.crm.pipelines.pipelines_api.get_all("deals").results[0].stages
    owners = client.crm.owners.owners_api.get_page(limit=100).results
    groups = client.crm.properties.groups_api.get_all("contacts").results

    read_only = {p.name for p in properties if p.modification_metadata.read_only_value}
    assert {"hs_object_id", "hubspotscore"} < read_only
    assert "email" not in read_only
    assert next(s.metadata["probability"] for s in stages if s.id == "closedwon") == "1.0"
    assert len(owners) == 12
    assert "sales_questions" in {g.name for g in groups}


def test_associations(client, portal):
    """Made by default, listed, read in a batch, archived."""
    contact = client.crm.contacts.basic_api.create(
        simple_public_object_input_for_create=new(firstname="Ann")
    )
    deal = client.crm.deals.basic_api.create(
        simple_public_object_input_for_create=new(dealname="Acme")
    )
    api, batch = client.crm.associations.v4.basic_api, client.crm.associations.v4.batch_api
    api.create_default("deals", deal.id, "contacts", contact.id)
    pair = PublicDefaultAssociationMultiPost(_from={"id": deal.id}, to={"id": contact.id})
    batch.create_default(
        "deals", "contacts", BatchInputPublicDefaultAssociationMultiPost(inputs=[pair])
    )
    listed = api.get_page("deals", deal.id, "contacts").results
    ask = BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": deal.id}])
    read = batch.get_page("deals", "contacts", ask).results
    api.archive("deals", deal.id, "contacts", contact.id)

    assert [contact.id] == [str(entry.to_object_id) for entry in listed]
    assert listed[0].association_types[0].type_id == 3
    assert [contact.id] == [str(entry.to_object_id) for entry in read[0].to]
    assert api.get_page("deals", deal.id, "contacts").results == []


def test_oauth(portal, url):
    """A refresh token gives an access token that reads contacts."""
    given = portal.credentials
    tokens = hubspot.Client.create(host=url).oauth.tokens_api.create(
        grant_type="refresh_token",
        refresh_token=given.refresh_token,
        client_id=given.client_id,
        client_secret=given.client_secret,
    )
    client = hubspot.Client.create(access_token=tokens.access_token, host=url)

    assert tokens.expires_in == 1800
    assert len(client.crm.contacts.basic_api.get_page(limit=1).results) == 1


def test_a_refusal_is_the_sdks_exception(client):
    """Status and body reach the caller."""
    with pytest.raises(ApiException) as caught:
        client.crm.contacts.basic_api.create(
            simple_public_object_input_for_create=new(email="no address")
        )

    assert caught.value.status == 400
    assert "INVALID_EMAIL" in caught.value.body
