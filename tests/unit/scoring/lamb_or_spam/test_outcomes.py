"""What Lamb or Spam says of leads: nasty genuine ones, junk, a person's word, lists, blanks."""

from __future__ import annotations

import polars as pl
import pytest

MASHED = {"first_name": "Xkqzv", "last_name": "Bnmtrwq", "email": "xkqzv4411@gmail.com"}
ANN = {
    "first_name": "Ann",
    "last_name": "Keller",
    "email": "ann.keller@keller.com",
    "company": "Keller",
}

LAMBS = [
    ("Sean", "Testa", "sean.testa@gmail.com", None),
    ("Anna", "Keller", "anna1985@gmail.com", None),
    ("Dieter", "Schnick", "d.schnick@schnick-bau.de", "Schnick Bau GmbH"),
    ("Ruth", "Wertheim", "rwertheim@aol.com", None),
    ("Fergus", "McColl", "fergus@mccoll.co.uk", "McColl's"),
    ("J.", "R.", "jr@example-firm.com", "Example Firm"),
    ("MARIA", "GONZALEZ", "MARIA.GONZALEZ@HOTMAIL.COM", None),
    (None, "-", "info@tischlerei-huber.at", "Tischlerei Huber"),
    ("Bob", "Jones", "sales@bobsplumbing.com", "Bob's Plumbing"),
    ("Jennifer", "Null", "jennifer.null@gmail.com", None),
    ("Ng", "Wu", "ngwu@gmail.com", None),
    ("Xu", "O", "xu.o@163.com", None),
    ("Ó", "Sé", "ose@gmail.com", None),
    ("Nkechi", "Nwachukwu", "nkechinw@gmail.com", None),
    ("Srđan", "Krstić", "srdjan.krstic@gmail.com", None),
    ("Grzegorz", "Brzęczyszczykiewicz", "gbrz@wp.pl", None),
    ("Þórhildur", "Sigurbjörnsdóttir", "thorhildur@simnet.is", None),
    ("Llŷr", "Gruffydd", "llyr@gmail.com", None),
    ("Nguyễn", "Thị Minh Khai", "ntmkhai@gmail.com", None),
    ("秀英", "王", "3823849234@qq.com", "长江贸易公司"),
    ("さくら", "渡辺", "sakura.w@docomo.ne.jp", "株式会社みらい"),
    ("민준", "김", "mjkim92@naver.com", "(주)한빛"),
    ("Юлія", "Щербак", "shcherbak.y@ukr.net", "ТОВ «Калина»"),
    ("Ελένη", "Παπαδοπούλου", "elenip@otenet.gr", None),
    ("محمد", "الهاشمي", "m.alhashimi@gmail.com", None),
    ("שירה", "הורוביץ", "shira.h@walla.co.il", None),
    ("प्रिया", "शर्मा", "priya.sharma@gmail.com", None),
    ("ნინო", "ხვედელიძე", "nino.khv@gmail.com", None),
    ("Աննա", "Մկրտչյան", "anna.mkrtchyan@gmail.com", None),
    ("กัญญาณัฐ", "วงศ์สุวรรณพาณิชย์", "kanyanat.w@gmail.com", None),
    ("María del Carmen Guadalupe", "Fernández de Córdoba y Álvarez", "mcguad@gmail.com", None),
    ("Tom", "Baker", "tom@mmm.com", "3M"),
    ("Lisa", "Reed", "lisa.reed@xerox.com", "Xerox"),
    ("Karin", "Ek", "karin.ek@ingka.com", "IKEA"),
    ("Bruce", "Hall", "bhall@qantas.com.au", "Qantas"),
    ("Ming", "Chen", "ming@kkday.com", "Kkday"),
    ("Al", "Aaberg", "al@aaaaaplumbing.com", "AAAAA Plumbing"),
    ("Kim", "Lee", "kim.lee@hsbc.com", "HSBC"),
    ("Jean", "Jean", "jeanjean@laposte.net", None),
    ("Mxolisi", "Mthethwa", "mxo.mthethwa@gmail.com", None),
    ("D'Shawn", "McDonald-O'Neill", "dshawn@gmail.com", None),
    ("van 't", "Hoff", "vanthoff@planet.nl", None),
    ("Nacho", "Azahar Puente S.Com.", "nvina@gmail.com", "Azahar Puente S.Com."),
    ("John", "Qwrtz Systems Ltd", "john@qwrtz.de", "Qwrtz Systems Ltd"),
    ("Tom", "3M", "tom@mmm.com", "3M"),
    (None, None, "k.j.rowe@outlook.com", None),
]

SPAM = {
    "hands on the keyboard": (MASHED, "the first name looks like random typing"),
    "a bot's capitals": (
        {"first_name": "JqWvXzKpLm", "last_name": "TrBxQwPl", "email": "q.wej.k.e@gmail.com"},
        "capitals in the middle of the name",
    ),
    "placeholders": (
        {"first_name": "test", "last_name": "test", "email": "test@test.com"},
        "the e-mail address is a placeholder",
    ),
    "a Cyrillic keyboard": (
        {"first_name": "фывапр", "last_name": "олджэ", "email": "asdf@mail.ru"},
        "the last name looks like random typing",
    ),
    "repeats": (
        {"first_name": "aaaaaaa", "last_name": "sdsdsdsd", "email": "aaaaaaa@gmail.com"},
        "the last name looks like random typing",
    ),
    "a disposable address": (
        {"first_name": "Ann", "last_name": "x", "email": "zkq81@mailinator.com", "phone": "+15555555555"},
        "disposable e-mail address",
    ),
    "below a disposable domain": (
        {"first_name": "asdf", "last_name": "x", "email": "a1@mx.mailinator.com"},
        "disposable e-mail address",
    ),
    "a link as a name": (
        {"first_name": "http://win.ru", "last_name": "Ann", "email": "ann88@gmail.com", "email_bounced": True},
        "there is a link, an address or code in the name",
    ),
    "digits for letters": (
        {"first_name": "J0hn", "last_name": "D03", "email": "d03@gmail.com"},
        "there are digits in the name",
    ),
    "two alphabets": (
        {"first_name": "M\u0430ry", "last_name": "J\u043ehnson", "email": "mj8@gmail.com"},
        "letters of two scripts in one name",
    ),
    "a refusal": (
        {"first_name": "None of your", "last_name": "Business", "email": "leavemealone@gmail.com"},
        "words of refusal or abuse in the name or the e-mail address",
    ),
    "a rehearsal": (
        {"first_name": "Test Account", "last_name": "Please ignore", "email": "test.lead2@acme.com"},
        "the first name is a placeholder",
    ),
    "numbered placeholders": (
        {"first_name": "user7", "last_name": "test 12", "email": "qwe0123@gmail.com"},
        "the e-mail address is a placeholder",
    ),
    "a random domain": (
        {"first_name": "Ann", "last_name": "Bnmtrwq", "email": "xk3q@vlbfvwocuqx.click"},
        "the e-mail domain looks like random typing",
    ),
    "a pitch": (
        {"first_name": "Ann", "last_name": "Lee", "email": "ann@gmail.com",
         "interest": "We get you to the first page of Google http://a.example http://b.example"},
        "the message sells something",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("first", "last", "email", "company"), LAMBS, ids=[str(c[1]) for c in LAMBS]
)
def test_strange_but_genuine_leads_are_lambs(spotted, first, last, email, company):
    """Names of many scripts, acronyms, initials, shared mailboxes and digits are no junk."""
    lead = {"first_name": first, "last_name": last, "email": email, "company": company}
    (found,) = spotted(lead)

    assert found["genuine"] == "lamb", found


@pytest.mark.parametrize("name", SPAM)
def test_junk_is_spam_and_says_why(spotted, name):
    """Several pieces of evidence make spam; the verdict names them and is sure."""
    lead, reason = SPAM[name]
    (found,) = spotted(lead)

    assert found["genuine"] == "spam", found
    assert reason in found["text"].split("; ")
    assert 90 <= found["confidence"] <= 100


def test_one_sign_alone_is_never_spam(spotted):
    """One odd thing about a lead is at most a reason to look, if it can be reached at all."""
    ann = {"first_name": "Ann", "last_name": "Lee", "email": "ann.lee@gmail.com"}
    signs = [
        {"last_name": "Bnmtrwq"}, {"last_name": "Test"}, {"first_name": "Ann2"}, {"last_name": "???"},
        {"phone": "+15555555555"}, {"interest": "see www.ann.example"}, {"copies": 40.0},
        {"email": "x7f3k9q2@gmail.com"}, {"company": "asdf"}, {"email_bounced": True},
    ]  # fmt: skip
    found = spotted(*(ann | sign for sign in signs))

    assert "spam" not in [one["genuine"] for one in found]


def test_reasons_are_told_strongest_first(spotted):
    """The reasons of spam are ordered by what they weigh, and leave out what speaks for the lead."""
    lead = MASHED | {"visits": 4, "phone": "+15555555555", "company": "Rhythm Works"}
    (found,) = spotted(lead)

    assert found["text"] == (
        "the first name looks like random typing; the last name looks like random typing; "
        "the telephone number is made up; free mail for a company"
    )


def test_an_unsure_lead_tells_both_sides(spotted):
    """Who has to decide reads what speaks for junk, and what against it."""
    lead = {"first_name": "Ann", "last_name": "Lee", "email": "ann@yopmail.com", "visits": 6}
    (found,) = spotted(lead)

    assert found["genuine"] == "unsure"
    assert found["text"].startswith("disposable e-mail address; but: came back several times")
    assert 50 <= found["confidence"] < 90


def test_nothing_known_is_unsure(spotted):
    """A lead without name, address, number and company cannot be judged."""
    blank = {"first_name": " ", "email": None, "visits": 3}

    assert spotted(blank) == [
        {"genuine": "unsure", "text": "nothing is known of the lead", "confidence": 50.0}
    ]


@pytest.mark.parametrize(
    "section", ["{}", "{deny: [gmail.com, keller.com]}", "{allow: [gmail.com]}"]
)
def test_a_persons_word_wins(spotted, section):
    """What a person has said stands against all evidence and all lists."""
    junk, genuine = spotted(ANN | {"junk": True}, MASHED | {"junk": False}, section=section)

    assert junk == {
        "genuine": "spam", "text": "a person has said that it is junk", "confidence": 100.0,
    }  # fmt: skip
    assert genuine["genuine"] == "lamb"
    assert genuine["text"] == "a person has said that it is genuine"


def test_lists_decide_before_evidence(spotted):
    """Listed domains, domains below them and addresses decide; allowed wins over denied."""
    section = "{allow: [gmail.com, ann@keller.com], deny: [keller.com]}"
    found = spotted(
        MASHED,
        ANN,
        ANN | {"email": "ann@mail.keller.com"},
        ANN | {"email": "Ann@Keller.com"},
        section=section,
    )

    assert [one["genuine"] for one in found] == ["lamb", "spam", "spam", "lamb"]
    assert found[1]["text"] == "on the list of those always kept out"


def test_competitors_and_own_people_are_shown_to_a_person(spotted):
    """Who works for a competitor or for us is not junk, but somebody should look."""
    lead = {"first_name": "Ann", "last_name": "Lee", "email": "ann@uk.rival.com"}
    colleague = {"first_name": "Bob", "email": "bob@gmail.com", "domain": "www.ours.com"}
    rival, own = spotted(lead, colleague, section="{competitors: [rival.com], own: [ours.com]}")

    assert (rival["genuine"], own["genuine"]) == ("unsure", "unsure")
    assert rival["text"].startswith("works for a competitor")
    assert own["text"].startswith("works for us")


def test_what_reps_and_behaviour_say_counts(spotted):
    """Answers, acceptance and interest speak for a lead that looks odd."""
    odd = {"first_name": "Ann", "last_name": "Bnmtrwq", "email": "ann7@yopmail.com"}
    found = spotted(
        odd,
        odd | {"accepted": True, "need": True, "budget": 5000.0, "emails_clicked": 3.0},
    )

    assert [one["genuine"] for one in found] == ["spam", "lamb"]


def test_facts_of_the_team_count_where_the_model_names_them(spotted):
    """Seconds on a form speak against who fills it faster than people can."""
    lead = {"first_name": "Ann", "last_name": "Bnmtrwq", "email": "ann@gmail.com"}
    found = spotted(
        lead | {"seconds": 1.0},
        lead | {"seconds": 45.0},
        section="{form_seconds: seconds}",
        kinds={"seconds": "number"},
        facts={"seconds": "number"},
    )

    assert "the form was sent faster than a person types" in found[0]["text"]
    assert found[0]["confidence"] > found[1]["confidence"]
    assert "faster" not in found[1]["text"]


def test_messages_may_be_facts_of_any_name(spotted):
    """A team's own fact that is called like one of the readings is read all the same."""
    names = {"message": "text", "local": "text"}
    lead = {"first_name": "Ann", "last_name": "Lee", "email": "ann@gmail.com"}
    found = spotted(
        lead | {"message": "I am an SEO expert", "local": "http://a.example http://b.example"},
        lead | {"message": "Please call me", "local": None},
        section="{messages: [message, local]}",
        kinds=names,
        facts=names,
    )

    assert [one["genuine"] for one in found] == ["spam", "lamb"]
    assert found[0]["text"] == "the message sells something; links in the message"


def test_an_unreadable_number_is_weak_evidence(judge_of, lead_frame, as_of):
    """Data problems that the mapping found are evidence where the frame carries them."""
    judge = judge_of("score: {lamb_or_spam: 1}\nlamb_or_spam: {}\n")
    lead = {"first_name": "Ann", "last_name": "Lee", "email": "ann@acme.com"}
    problem = {"fact": "phone", "field": "Phone", "what": "is not a number"}
    dtype = pl.List(pl.Struct(dict.fromkeys(problem, pl.String)))
    leads = lead_frame(lead, lead).with_columns(pl.Series("problems", [[problem], []], dtype=dtype))
    points = judge.points(leads, as_of)["lamb_or_spam.phone_unreadable"]

    assert points.to_list() == [-8.0, 0.0]
