"""The mapping file: what it may say, and how wrong files are answered."""

from __future__ import annotations

import pytest

from mappings.mapping import load_mapping
from scoring.problem import ProblemsError
from tests.unit.mappings.builders import document, mapping

BROKEN = [
    ("read:\n  emial: Email\n", "m.yaml:2: read.emial", 'Did you mean "email"?'),
    (
        "read:\n  email:\n    field: E\n    optionl: true\n",
        "m.yaml:4: read.email.optionl",
        'Did you mean "optional"?',
    ),
    ("read:\n  email:\n    optional: true\n", "m.yaml:2: read.email.field", '"field" is missing'),
    (
        "read:\n  budget:\n    field: B__c\n    transform: monney\n",
        "m.yaml:4: read.budget.transform",
        'Did you mean "money"?',
    ),
    (
        "read:\n  budget:\n    field: B__c\n    transform: boolean\n",
        "m.yaml:4: read.budget.transform",
        "gives a boolean, and this field holds a number",
    ),
    (
        "read:\n  budget:\n    - A__c\n    - field: B__c\n      transform: date\n",
        "m.yaml:5: read.budget.1.transform",
        "gives a date",
    ),
    (
        "read:\n  timeline:\n    field: T__c\n    values:\n      Soon: 30\n      Later: never\n",
        "m.yaml:6: read.timeline.values.Later",
        '"never" cannot be a value of timeline',
    ),
    (
        "read:\n  authority:\n    field: T__c\n    values:\n      Yes: true\n      yES: false\n",
        "m.yaml:6: read.authority.values.yES",
        "differ only in case",
    ),
    (
        "read:\n  timeline:\n    field: T__c\n    transform: number\n    values: {Soon: 30}\n",
        "m.yaml:4: read.timeline.transform",
        "cannot be given together with values",
    ),
    (
        "read:\n  timeline:\n    field: T__c\n    values: {Soon: 30}\n    otherwise: keep\n",
        "m.yaml:5: read.timeline.otherwise",
        "cannot keep unknown text",
    ),
    (
        "read:\n  timeline:\n    field: T__c\n    otherwise: 30\n",
        "m.yaml:4: read.timeline.otherwise",
        "there is none",
    ),
    (
        "read:\n  timeline: {field: T__c, default: soon}\n",
        "m.yaml:2: read.timeline.default",
        '"soon" cannot be a value of timeline',
    ),
    ("read:\n  stage_since: S__c\n", "m.yaml:2: read.stage_since", "known from conversions"),
    (
        "read:\n  extra:\n    email: {field: E__c, type: text}\n",
        "m.yaml:3: read.extra.email",
        "is a field already",
    ),
    (
        "read:\n  extra:\n    Web Minutes: {field: E__c, type: number}\n",
        "m.yaml:3: read.extra.Web Minutes",
        "is not a name",
    ),
    (
        "read:\n  extra:\n    minutes: {field: E__c, type: numbr}\n",
        "m.yaml:3: read.extra.minutes.type",
        "number",
    ),
    ("read:\n  extra: [a]\n", "m.yaml:2: read.extra", "must be a mapping of names to fields"),
    ("wirte:\n  score: S__c\n", "m.yaml:1: wirte", 'Did you mean "write"?'),
    ("write:\n  scroe: S__c\n", "m.yaml:2: write.scroe", 'Did you mean "score"?'),
    (
        "write:\n  score:\n    field: S__c\n    rule: sometimes\n",
        "m.yaml:4: write.score.rule",
        "unless_edited",
    ),
    (
        "write:\n  stage:\n    field: S__c\n    values:\n      mlq: MQL\n",
        "m.yaml:5: write.stage.values.mlq",
        'Did you mean "mql"?',
    ),
    (
        "write:\n  engagement_level:\n    field: S__c\n    values: {1: high, two: low}\n",
        "m.yaml:4: write.engagement_level.values.two",
        '"two" cannot be a value of engagement_level',
    ),
    (
        "write:\n  score: S__c\n  fit: S__c\n",
        "m.yaml:3: write.fit",
        '"S__c" is written by score already',
    ),
    (
        "write:\n  score: {field: S__c, otherwise: 1}\n",
        "m.yaml:2: write.score.otherwise",
        "there is none",
    ),
    (
        'convert:\n  opportunity:\n    Name: "{compny} – {source}"\n',
        "m.yaml:3: convert.opportunity.Name",
        'Did you mean "company"?',
    ),
    (
        'convert:\n  opportunity:\n    Name: "{company"\n',
        "m.yaml:3: convert.opportunity.Name",
        "braces that do not match",
    ),
    (
        'convert:\n  opportunity:\n    Name: "{company!r:>5}"\n',
        "m.yaml:3: convert.opportunity.Name",
        "takes {fact} and nothing else",
    ),
    (
        "convert:\n  opportunity:\n    Amount: {field: bugdet}\n",
        "m.yaml:3: convert.opportunity.Amount",
        'Did you mean "budget"?',
    ),
    (
        "convert:\n  opportunity:\n    Amount: {field: budget, transform: mony}\n",
        "m.yaml:3: convert.opportunity.Amount.transform",
        'Did you mean "money"?',
    ),
    (
        "convert:\n  opportunity:\n    CloseDate: {days_from_now: 9, field: budget}\n",
        "m.yaml:3: convert.opportunity.CloseDate",
        "exactly one of",
    ),
    ("convert:\n  opportunity: {}\n", "m.yaml:2: convert.opportunity", "moves nothing"),
    ("time_zone: Berlin\n", "m.yaml:1: time_zone", "is not an IANA time zone"),
    ("region: Germany\n", "m.yaml:1: region", "two capital letters"),
    ("currency: $\n", "m.yaml:1: currency", "three capital letters"),
    ("read:\n  email: {field: Email\n", "m.yaml:", "not valid YAML"),
    ("read:\n  email: A\n  email: B\n", "m.yaml:", "not valid YAML"),
    ("read: [email]\n", "m.yaml:1: read", "valid dictionary"),
    ("", "m.yaml:1", "is empty"),
]


@pytest.mark.parametrize(("text", "where", "what"), BROKEN)
def test_a_broken_file_is_answered_with_the_exact_place(text, where, what):
    """Each mistake is named by file, line and key, with what would have been right."""
    with pytest.raises(ProblemsError) as caught:
        load_mapping(document(text))

    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].where.startswith(where)
    assert what in str(caught.value.problems[0])


def test_all_mistakes_are_told_at_once():
    """One wrong entry hides no other, in whichever section it is."""
    with pytest.raises(ProblemsError) as caught:
        mapping(
            "colour: red\nread:\n  emial: E\n  budget: {feld: B}\n  phone: {field: P, region: us}\n"
            "write:\n  scroe: S\nconvert:\n  opportunity:\n    Name: '{nobody}'\n"
        )

    assert [problem.where for problem in caught.value.problems] == [
        "m.yaml:1: colour",
        "m.yaml:3: read.emial",
        "m.yaml:4: read.budget.field",
        "m.yaml:4: read.budget.feld",
        "m.yaml:5: read.phone.region",
        "m.yaml:7: write.scroe",
        "m.yaml:10: convert.opportunity.Name",
    ]


def test_short_and_long_forms_are_one_mapping():
    """The digest is of what a file says, not of how it is laid out."""
    short = mapping("read: {email: Email, budget: [A__c, B__c]}\nwrite: {score: S__c}\n")
    long = mapping(
        "# a comment\nwrite:\n  score:\n    field: S__c\n"
        "read:\n  budget:\n    - field: A__c\n    - B__c\n  email: {field: Email}\n"
    )

    assert short == long
    assert short.digest == long.digest
    assert len(short.digest) == 64


def test_any_change_of_meaning_changes_the_digest():
    """Runs of different mappings can be told apart."""
    digests = {
        mapping(text).digest
        for text in (
            "read: {email: Email}\n",
            "read: {email: Mail}\n",
            "read: {email: Email}\nregion: US\n",
            "read: {email: {field: Email, optional: true}}\n",
        )
    }

    assert len(digests) == 4


def test_keys_that_yaml_takes_for_something_else_are_matched_by_their_text():
    """0, 2.0, true and dates are as good as keys in quotes."""
    found = mapping(
        "read:\n  need: {field: N, values: {true: true, 0: false, 2.0: true, 2026-01-31: false}}\n"
    )

    assert list(found.read["need"][0].values) == ["true", "0", "2", "2026-01-31"]


def test_the_sections_may_be_left_blank():
    """A file that only reads, or only writes, is a mapping."""
    assert mapping("read:\nwrite:\n  score: S__c\nconvert:\n").convert is None


def test_what_the_file_says_at_its_top_is_the_default_of_every_entry():
    """Region, zone and currency are given once and can be given otherwise."""
    found = mapping(
        "region: US\ntime_zone: Europe/Berlin\ncurrency: EUR\n"
        "read:\n  phone: [P, {field: M, region: GB, time_zone: UTC, currency: USD}]\n"
    )
    first, second = (found.options(entry) for entry in found.read["phone"])

    assert (first.region, first.time_zone, first.currency) == ("US", "Europe/Berlin", "EUR")
    assert (second.region, second.time_zone, second.currency) == ("GB", "UTC", "USD")


def test_conversion_values_say_what_they_are():
    """Braces make a template, a fact's name its value, and everything else is itself."""
    found = mapping(
        "read:\n  extra:\n    minutes: {field: M, type: number}\n"
        "convert:\n  opportunity:\n    Name: '{company}'\n    Amount: budget\n    Score: score\n"
        "    Minutes: minutes\n    Stage: Prospecting\n    Count: 3\n    Private: false\n"
        "    Word: {value: budget}\n    CloseDate: {days_from_now: 90}\n"
        "  status: Closed - Converted\n  key: Key__c\n"
    ).convert
    told = {
        name: source.model_dump(exclude_defaults=True) for name, source in found.opportunity.items()
    }

    assert told == {
        "Name": {"template": "{company}"},
        "Amount": {"field": "budget"},
        "Score": {"field": "score"},
        "Minutes": {"field": "minutes"},
        "Stage": {"value": "Prospecting"},
        "Count": {"value": 3},
        "Private": {"value": False},
        "Word": {"value": "budget"},
        "CloseDate": {"days_from_now": 90},
    }
    assert (found.status, found.owner, found.key) == ("Closed - Converted", None, "Key__c")


@pytest.mark.parametrize(
    ("write", "words"),
    [
        ("stage: {field: S, rule: unless_edited, values: {mql: MQL, sql: SQL}}", {"MQL": "mql", "SQL": "sql"}),
        ("stage: {field: S, rule: fill_blank, values: {mql: Q, sql: Q, sal: A}}", {"A": "sal"}),
        ("stage: {field: S, values: {mql: MQL}}", {}),
        ("stage: {field: S, rule: never, values: {mql: MQL}}", {}),
        ("score: S", {}),
    ],
)  # fmt: skip
def test_a_reps_move_is_read_back_where_it_counts(write, words):
    """Unclear words and fields where ours always wins say nothing about the stage."""
    assert mapping(f"write:\n  {write}\n").stage_words() == words


def test_a_stage_without_a_map_is_read_by_its_own_name():
    """The eight stages stand for themselves."""
    words = mapping("write:\n  stage: {field: S, rule: unless_edited}\n").stage_words()

    assert words["mql"] == "mql"
    assert len(words) == 8
