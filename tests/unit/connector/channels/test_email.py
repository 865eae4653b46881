"""E-mail: what is on the wire, who cannot get at it, and what is known after it went wrong."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from email import message_from_string, policy
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from connector.engine.channel import LATER, UNKNOWN
from connector.errors import ConfigurationError, CredentialsError
from connector.outreach.smtp import Patience
from connector.outreach.tokens import read_token
from tests.sinks import DROP, MailSink
from tests.unit.connector.channels.conftest import NOW, SECRET, email_keys, sent, touches

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from email.message import EmailMessage

    from connector.outreach.email import EmailChannel

    Mailer = Callable[..., EmailChannel]


def read(sink: MailSink, number: int = 0) -> EmailMessage:
    """A mail that the server took, as a mail program reads it."""
    return message_from_string(sink.mails[number][2], policy=policy.default)  # type: ignore[arg-type,return-value]


def test_mail_says_who_to_whom_and_how_to_stop(sink: MailSink, mailer: Mailer) -> None:
    """Headers, both bodies, and a one-click unsubscription whose token is ours, stand in the mail."""
    keys = email_keys(sink.port, reply_to="ada@acme.example")
    (row,) = sent(mailer(keys), touches({"first_name": "Ann"}))
    mail = read(sink)
    assert row["outcome"] == "applied"
    assert row["@touch_id"] == mail["Message-ID"]
    assert sink.mails[0][:2] == ("FROM:<sales@acme.example>", ["TO:<lead1@example.com>"])
    assert mail["From"] == "Acme Sales <sales@acme.example>"
    assert mail["To"] == "lead1@example.com"
    assert mail["Reply-To"] == "ada@acme.example"
    assert mail["Subject"] == "Still interested, Ann?"
    assert mail["Date"].datetime == NOW
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link, other = mail["List-Unsubscribe"].split(", ")
    assert other == "<mailto:no@acme.example?subject=unsubscribe>"
    who = read_token(SECRET.encode(), link.removeprefix("<https://acme.example/u?t=").rstrip(">"))
    assert who is not None
    assert (who.connection, who.lead) == ("acme", "lead-1")
    plain, html = mail.iter_parts()
    assert link.strip("<>") in plain.get_content()
    assert plain.get_content().startswith("Hello Ann,")
    assert html.get_content().strip() == "<p>Hello Ann</p>"


def test_dots_at_the_start_of_lines_survive(sink: MailSink, mailer: Mailer) -> None:
    """A line that begins with a dot neither ends the mail nor loses the dot."""
    sent(mailer(email_keys(sink.port)), touches({}))
    text = next(read(sink).iter_parts()).get_content()
    assert [line[:4] for line in text.splitlines()] == ["Hell", ".one", "Stop"]


def test_unsubscribe_header_is_not_broken_into_lines(sink: MailSink, mailer: Mailer) -> None:
    """A long token stays in one piece, as the providers that read the header want it."""
    sent(mailer(email_keys(sink.port)), touches({}, **{"@id": "x" * 60}))
    (line,) = [x for x in sink.mails[0][2].splitlines() if x.startswith("List-Unsubscribe:")]
    assert line.endswith("<mailto:no@acme.example?subject=unsubscribe>")
    assert "=?" not in line


def test_same_touch_is_the_same_mail(sink: MailSink, mailer: Mailer) -> None:
    """The Message-ID and all the rest come from the touch, not from chance."""
    channel = mailer(email_keys(sink.port))
    frame = touches({"first_name": "Ann"})
    sent(channel, frame)
    sent(channel, frame)
    assert sink.mails[0] == sink.mails[1]


@pytest.mark.parametrize("field", ["first_name", "company", "email"])
def test_no_header_comes_from_a_lead(field: str, sink: MailSink, mailer: Mailer) -> None:
    """Line breaks in what a lead typed make no header and no recipient."""
    hostile = "Ann\r\nBcc: all@example.com\r\n\r\nBuy\n.\r\nMAIL FROM:<x@example.com>"
    sent(mailer(email_keys(sink.port)), touches({field: hostile}))
    if field == "email":
        assert sink.verbs == []
        return
    mail = read(sink)
    assert mail["Bcc"] is None
    assert sink.mails[0][1] == ["TO:<lead1@example.com>"]
    assert sink.verbs.count("MAIL") == 1


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b",
        "a b@example.com",
        "a@example.com, c@example.com",
        "<a@example.com>",
        "ü@example.com",
    ],
)
def test_only_an_address_is_written_to(address: str, sink: MailSink, mailer: Mailer) -> None:
    """What is not one address that every server takes is rejected, and nothing is sent."""
    (row,) = sent(mailer(email_keys(sink.port)), touches({"email": address}))
    assert (row["outcome"], row["code"]) == ("rejected", "NO_ADDRESS")
    assert sink.sessions == 0


def test_refused_recipient_is_rejected_and_the_next_is_written_to(
    sink: MailSink, mailer: Mailer, caplog: pytest.LogCaptureFixture
) -> None:
    """A 5xx tells code and remedy, without the server's words, and holds nobody else up."""
    sink.say("RCPT", "550 5.1.1 <lead1@example.com> no such user")
    with caplog.at_level(logging.DEBUG):
        first, second = sent(mailer(email_keys(sink.port)), touches({}, {}))
    assert (first["outcome"], first["code"]) == ("rejected", "SMTP_550_5.1.1")
    assert "address" in first["remedy"]
    assert second["outcome"] == "applied"
    assert "lead1@" not in f"{first}{caplog.text}".replace("@id", "")


def test_text_refused_as_spam_is_rejected(sink: MailSink, mailer: Mailer) -> None:
    """A refusal after the text is one, too: the server has said no."""
    sink.say("TEXT", "554 5.7.1 looks like spam")
    (row,) = sent(mailer(email_keys(sink.port)), touches({}))
    assert (row["outcome"], row["code"]) == ("rejected", "SMTP_554_5.7.1")
    assert "SPF" in row["remedy"]
    assert sink.mails == []


def test_greylisted_recipient_is_left_for_later(sink: MailSink, mailer: Mailer) -> None:
    """A 4xx that lasts skips this mail as `LATER`; the others go out."""
    sink.say("RCPT", *["451 4.7.1 greylisted"] * 3)
    first, second = sent(mailer(email_keys(sink.port)), touches({}, {}))
    assert (first["outcome"], first["code"]) == ("skipped", LATER)
    assert second["outcome"] == "applied"
    assert len(sink.mails) == 1


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_connection_cut_before_the_text_is_tried_again(
    verb: str, sink: MailSink, mailer: Mailer
) -> None:
    """Nothing was handed over before the text, so a second session sends the mail once."""
    sink.say(verb, DROP)
    (row,) = sent(mailer(email_keys(sink.port)), touches({}))
    assert row["outcome"] == "applied"
    assert (len(sink.mails), sink.sessions) == (1, 2)


@pytest.mark.parametrize("reply", [DROP, f"KEPT {DROP}"])
def test_lost_answer_after_the_text_is_unknown_and_not_sent_again(
    reply: str, sink: MailSink, mailer: Mailer
) -> None:
    """Taken or not, nobody knows: the touch is rejected as unknown, once, and the next goes on."""
    sink.say("TEXT", reply)
    first, second = sent(mailer(email_keys(sink.port)), touches({}, {}))
    assert (first["outcome"], first["code"]) == ("rejected", UNKNOWN)
    assert second["outcome"] == "applied"
    assert sink.verbs.count("DATA") == 2


def test_server_that_never_answers_the_text_is_unknown(sink: MailSink, mailer: Mailer) -> None:
    """A timeout after the text is a lost answer, too."""
    sink.say("DATA", "354 go on")
    sink.say("TEXT", "250-slow")  # a reply whose end never comes
    (row,) = sent(mailer(email_keys(sink.port), Patience(5, 0.2)), touches({}))
    assert (row["outcome"], row["code"]) == ("rejected", UNKNOWN)


def test_no_server_leaves_everybody_for_later(sink: MailSink, mailer: Mailer) -> None:
    """Nobody is lost when the mail server is down: all are skipped, and the run goes on."""
    keys = email_keys(sink.port)
    sink.close()
    rows = sent(mailer(keys), touches({}, {}, {}))
    assert [(r["outcome"], r["code"]) for r in rows] == [("skipped", LATER)] * 3


def test_refused_sender_is_told_once_and_burns_nobody(sink: MailSink, mailer: Mailer) -> None:
    """A sender that the server refuses concerns every mail: all are left, and the admin is told."""
    sink.say("MAIL", "550 5.7.60 not allowed")
    parts = mailer(email_keys(sink.port)).send(touches({}, {}))
    rows = next(parts).to_dicts()
    with pytest.raises(ConfigurationError, match=r"outreach\.email\.from"):
        next(parts)
    assert [(r["outcome"], r["code"]) for r in rows] == [("skipped", LATER)] * 2


def test_wrong_password_is_said_without_it(mailer: Mailer) -> None:
    """A refused login names the keys, not their values."""
    server = MailSink(login="me:right-password")
    try:
        keys = email_keys(server.port, user="me", password="wrong-password")
        with pytest.raises(CredentialsError, match="535") as refused:
            mailer(keys).check()
    finally:
        server.close()
    assert "wrong-password" not in str(refused.value)
    assert "wrong-password" not in repr(keys)


def test_login_and_session_are_used_for_all_mails(mailer: Mailer) -> None:
    """One session sends all the mails of a command."""
    server = MailSink(login="me:secret")
    try:
        rows = sent(
            mailer(email_keys(server.port, user="me", password="secret")), touches({}, {}, {})
        )
        assert {row["outcome"] for row in rows} == {"applied"}
        assert server.sessions == 1
    finally:
        server.close()


def test_server_without_starttls_gets_nothing(sink: MailSink, mailer: Mailer) -> None:
    """Where encryption was asked for and is not offered, nobody logs in and nothing is sent."""
    with pytest.raises(ConfigurationError, match="STARTTLS"):
        sent(mailer(email_keys(sink.port, starttls=True)), touches({}))
    assert "MAIL" not in sink.verbs


@pytest.fixture
def certified() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's TLS with a certificate of its own for 127.0.0.1, and a client that trusts it."""
    return _certified()


def test_starttls_is_used_and_verified(
    certified: tuple[ssl.SSLContext, ssl.SSLContext], mailer: Mailer
) -> None:
    """A trusted certificate lets the mail through; any other stops it before a word is said."""
    server = MailSink(tls=certified[0])
    try:
        keys = email_keys(server.port, starttls=True)
        with pytest.raises(ConfigurationError, match="certificate is not trusted"):
            mailer(keys).check()
        assert "MAIL" not in server.verbs
        (row,) = sent(mailer(keys, context=certified[1]), touches({}))
        assert row["outcome"] == "applied"
        assert server.verbs.count("STARTTLS") == 2
    finally:
        server.close()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"host": "smtp.acme.example"}, "this machine only"),
        ({"user": "me"}, "belong together"),
        ({"from": "Acme\r\nBcc: x@example.com"}, "e-mail address"),
        ({"unsubscribe": {}}, "people must be able to say no"),
        ({"unsubscribe": {"url": "https://a.example/{token}"}}, "secret"),
        ({"unsubscribe": {"url": "https://a.example/", "secret": SECRET}}, "{token}"),
        ({"unsubscribe": {"url": "http://a.example/{token}", "secret": SECRET}}, "https"),
        ({"unsubscribe": {"url": "https://a.example/{token}", "secret": "short"}}, "24"),
    ],
)
def test_settings_that_would_do_harm_are_refused(more: dict[str, Any], said: str) -> None:
    """Plain text to another machine, no way to say no, weak secrets: refused with what is needed."""
    with pytest.raises(ValidationError) as refused:
        email_keys(25, **more)
    assert said in str(refused.value)


def _certified() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    import ipaddress  # noqa: PLC0415 — one test needs it
    import ssl  # noqa: PLC0415 — one test needs it
    import tempfile  # noqa: PLC0415 — one test needs it
    from pathlib import Path  # noqa: PLC0415 — one test needs it

    from cryptography import x509  # noqa: PLC0415 — one test needs it
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 — as above
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 — as above

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sink")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        both = Path(folder, "both.pem")
        both.write_bytes(public + private)
        server.load_cert_chain(both)
    return server, ssl.create_default_context(cadata=public.decode())
