"""Unsubscribe tokens: read back whole, and only under the secret that signed them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.outreach.tokens import (
    Unsubscriber,
    claimed_connection,
    make_token,
    read_token,
)

KEY = b"a key of the project"
names = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20)


@settings(max_examples=50)
@given(names, names, names)
def test_token_is_read_back(connection: str, lead: str, digest: str) -> None:
    """Who a token was made for is who it speaks of, and it needs no escaping in an address."""
    who = Unsubscriber(connection, lead, digest)
    token = make_token(KEY, who)
    assert read_token(KEY, token) == who
    assert claimed_connection(token) == connection
    assert all(c.isalnum() or c in "-_." for c in token)


@settings(max_examples=50)
@given(st.integers(0, 80), st.characters(codec="ascii"))
def test_token_that_was_changed_is_not_believed(place: int, letter: str) -> None:
    """A single other letter anywhere makes it nobody's."""
    token = make_token(KEY, Unsubscriber("acme", "00Q1", "ab" * 16))
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]
    known = read_token(KEY, changed)
    assert known is None or known == read_token(KEY, token)


@pytest.mark.parametrize("token", ["", ".", "abc", "abc.def", "YQ.", "\u00fc.x", "a@b.example"])
def test_text_that_is_no_token_is_nobody(token: str) -> None:
    """Whatever is typed, the answer is nobody."""
    assert read_token(KEY, token) is None
    assert claimed_connection(token) is None


def test_other_secret_believes_nothing() -> None:
    """A token of another project is not believed."""
    token = make_token(b"another", Unsubscriber("acme", "00Q1", "ab"))
    assert read_token(KEY, token) is None
