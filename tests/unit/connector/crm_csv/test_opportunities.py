"""The state of opportunities in a file, where somebody keeps it."""

from __future__ import annotations

from connector.crm.csv.opportunities import Opportunities


def test_states_come_from_columns_that_people_keep(tmp_path):
    """A column `state` says it, in any case; what is no state is left out."""
    path = tmp_path / "o.csv"
    path.write_text(
        "opportunity_id,lead_id,owner_id,state,lost_reason,closed_at\n1,a,,Won,,2026-11-21\n2,b,, lost ,Price,\n3,c,,maybe,,\n4,d,,open,,\n"
    )
    found = Opportunities(path).states(["1", "2", "3"])

    assert found.select("@opportunity_id", "state", "reason").rows() == [
        ("1", "won", None),
        ("2", "lost", "Price"),
    ]
    assert found["closed_at"].is_null().to_list() == [False, True]


def test_without_the_column_nothing_is_known(tmp_path):
    """The file as it is made says nothing of states."""
    path = tmp_path / "o.csv"
    path.write_text("opportunity_id,lead_id,owner_id\n1,a,\n")

    assert Opportunities(path).states(["1"]).is_empty()
