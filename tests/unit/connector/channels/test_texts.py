"""Templates: what they know, what leads cannot do to them, and what is found wrong beforehand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.outreach.texts import TextError, Texts, tidy

HOSTILE = (
    "{{ 7 * 7 }}",
    "{% for x in range(9) %}x{% endfor %}",
    "{{ ''.__class__.__mro__ }}",
    "Robert'); DROP TABLE Lead;--",
    "<script>alert(1)</script>",
    'a" onmouseover="x',
    "Ann\r\nBcc: all@example.com",
    "Ann\u2028Bcc: all@example.com",
    "Ann\u202enoitcejni",
)


def texts(**files: str) -> Texts:
    """Templates from texts; `a_txt` is the file a.txt."""
    return Texts({name.replace("_", "."): text for name, text in files.items()}.get)


def test_subject_is_the_first_line_and_the_rest_is_the_text() -> None:
    """A first line `Subject:` is the subject, in any case, and is not part of the text."""
    words = texts(a_txt="subject: Hi {{ first_name }}\r\n\r\nDear {{ first_name }}.\n").fill(
        "a", {"first_name": "Ann"}
    )
    assert (words.subject, words.text, words.html) == ("Hi Ann", "Dear Ann.\n", None)


def test_text_without_a_subject_is_all_text() -> None:
    """A first line that is no subject stays."""
    words = texts(a_txt="Dear {{ first_name }}.").fill("a", {"first_name": "Ann"})
    assert (words.subject, words.text) == ("", "Dear Ann.")


@pytest.mark.parametrize("name", HOSTILE)
def test_what_stands_in_a_field_is_never_a_template(name: str) -> None:
    """Jinja syntax, markup, quotes and line breaks of a lead come out as one line of plain text."""
    words = texts(a_txt="Subject: Hi {{ first_name }}\n\n<{{ first_name }}>").fill(
        "a", {"first_name": name}
    )
    assert words.text == f"<{tidy(name)}>"
    assert words.subject == f"Hi {' '.join(tidy(name).split())}"
    assert len(words.text.splitlines()) == 1


def test_html_is_escaped_and_text_is_not() -> None:
    """Markup in a field is text in the HTML version."""
    files = texts(a_txt="{{ company }}", a_html='<a title="{{ company }}">{{ company }}</a>')
    words = files.fill("a", {"company": '<b>"&'})
    assert words.text == '<b>"&'
    assert words.html == '<a title="&lt;b&gt;&#34;&amp;">&lt;b&gt;&#34;&amp;</a>'


@settings(max_examples=50)
@given(st.text(max_size=60))
def test_any_name_gives_one_line_without_controls(name: str) -> None:
    """Whatever a form was filled with, a subject is one printable line."""
    subject = texts(a_txt="").line("Hi {{ first_name or 'you' }}!", {"first_name": name})
    assert subject.startswith("Hi ")
    assert subject.endswith("!")
    assert not any(c in subject for c in "\r\n\x00\x0b\x0c\x1c\x85\u2028\u2029\u202e")


@pytest.mark.parametrize(
    "name", ["Claim at https://evil.example", "www.evil.example", "evil.example/x"]
)
def test_name_with_a_link_counts_as_blank(name: str) -> None:
    """Nobody's mail carries a link that came in as a name."""
    words = texts(a_txt="Hi {{ first_name or 'there' }}").fill("a", {"first_name": name})
    assert words.text == "Hi there"


def test_blank_field_is_false_and_cannot_be_printed() -> None:
    """A blank field chooses the other branch; printing it refuses the text and names the field."""
    files = texts(
        a_txt="{% if company %}of {{ company }}{% else %}?{% endif %}", b_txt="{{ company }}"
    )
    assert files.fill("a", {"company": ""}).text == "?"
    with pytest.raises(TextError, match="company is blank; write"):
        files.fill("b", {"company": None})


@pytest.mark.parametrize(
    "source",
    ["{{ email.__class__ }}", "{{ email.join.__globals__ }}", "{{ 1 / 0 }}", "{{ nobody }}"],
)
def test_template_that_breaks_out_or_fails_is_refused(source: str) -> None:
    """The sandbox's and a template's own errors refuse the text, without any value in the words."""
    with pytest.raises(TextError) as refused:
        texts(a_txt=source).fill("a", {"email": "ann@example.com"})
    assert "ann@" not in str(refused.value)


@pytest.mark.parametrize("name", ["../leadgate", "a/../../b", "a.txt", "", ".hidden"])
def test_template_outside_the_folder_is_not_there(name: str) -> None:
    """Only files of the folder are read, whatever a step names."""
    with pytest.raises(TextError, match="there is no"):
        Texts(lambda _: pytest.fail("a file was read")).fill(name, {})


def test_template_may_include_another() -> None:
    """Common parts stand in files of their own."""
    words = texts(a_txt="Hi.\n{% include 'footer.txt' %}", footer_txt="Acme, {{ city }}").fill(
        "a", {"city": "Ulm"}
    )
    assert words.text == "Hi.\nAcme, Ulm"
