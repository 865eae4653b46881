"""The predictive method in a model: lines that sum, silence before training, files and segments."""

from __future__ import annotations

import json
import random

import numpy as np
import polars as pl
import pytest

from connector.engine.models import model_text
from scoring.document import Document, parse_yaml
from scoring.judge import compile_judge
from scoring.methods import predictive
from scoring.model import load_model
from scoring.problem import ProblemsError

KINDS = {"interests": "list", "phone_kind": "text", "referrer": "text", "newsletter": "boolean"}
RULES = """\
groups: {origin: {side: fit}, web: {side: engagement, cap: 20}}
rules:
  - {id: referral, group: origin, when: {source: referral}, points: 17, reason: a referral}
  - {id: visits, group: web, when: {visits: {at_least: 3}}, points: 33, reason: visited}
"""


def judge(text, files, facts=KINDS):
    """A judge of a model whose trained models are these texts (None: not trained yet)."""
    document = parse_yaml("name: m\nversion: 1\n" + text, "scoring/model.yaml")

    def sibling(name):
        return Document(f"scoring/{name}", {"trained": files[name]})

    return compile_judge(load_model(document, siblings=sibling), facts)


@pytest.fixture(scope="module")
def stored(trained):
    """The trained model as its file holds it."""
    return json.dumps(trained.stored)


@pytest.fixture(scope="module")
def people(history):
    """A lead frame like the history that was learned from."""
    frame = history(leads=150, seed=5).drop("converted")
    size = pl.struct(low="employees", high="employees")
    return frame.with_columns(
        size.alias("employees"),
        pl.col("visits").cast(pl.Float64),
        pl.col("created_at").cast(pl.Datetime("us", "UTC")),
        pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("Acme")).alias("company"),
    )


@pytest.mark.parametrize("seed", range(8))
def test_the_lines_of_all_methods_sum_to_the_score(stored, people, as_of, seed):
    """Whatever the weights and the step, the lines that people see add up exactly."""
    draw = random.Random(seed)
    rules, learned = draw.uniform(0.1, 1.5), draw.uniform(0.1, 1.5)
    step = draw.choice([0.5, 1, 2, 5])
    text = f"step: {step}\nscore: {{rules: {rules}, predictive: {learned}}}\n"
    made = judge(text + "predictive: {file: p.json}\n" + RULES, {"p.json": stored})

    verdicts, points = made(people, as_of), made.points(people, as_of)

    total = points.drop("id").sum_horizontal()
    assert total.to_list() == verdicts["score"].to_list()
    own = points.select(pl.col("^predictive\\..*$")).sum_horizontal()
    exact = verdicts["probability"] * learned
    assert (own - exact).abs().max() <= step / 2 + 0.05 * learned + 1e-9


def test_alone_the_score_is_the_probability(stored, people, as_of):
    """With a weight of one and nothing else, score and probability differ by rounding alone."""
    made = judge("score: {predictive: 1}\npredictive: {file: p.json}\n", {"p.json": stored})

    verdicts = made(people, as_of)

    truth = predictive.compile(json.loads(stored)).probability(people, as_of) * 100
    assert np.allclose(verdicts["probability"], truth, atol=0.0501)
    assert verdicts["score"].to_list() == truth.round(0).to_list()
    assert verdicts["fit"].is_between(0, 100).all()
    assert verdicts["fit"].n_unique() > 5
    assert verdicts["reasons"].str.contains("base rate of the 2,500 leads").all()


def test_a_section_without_weight_gives_a_probability_and_no_points(stored, people, as_of):
    """The probability may be published beside a score that it does not move."""
    text = "score: {rules: 1}\n" + RULES
    without = judge(text, {})(people, as_of)

    verdicts = judge(text + "predictive: {file: p.json}\n", {"p.json": stored})(people, as_of)

    assert verdicts["score"].to_list() == without["score"].to_list()
    assert verdicts["probability"].null_count() == 0


def test_before_training_it_gives_nothing_and_says_why(people, as_of):
    """No probability, no points, a line with the reason, and a coverage without its share."""
    text = "score: {rules: 0.6, predictive: 0.4}\npredictive: {file: p.json}\n" + RULES
    made = judge(text, {"p.json": None})

    verdicts, told = made(people, as_of), made.explain(people.head(1), as_of)

    alone = judge("score: {rules: 0.6}\n" + RULES, {})(people, as_of)
    assert verdicts["probability"].null_count() == people.height
    assert verdicts["score"].to_list() == alone["score"].to_list()
    assert (verdicts["coverage"] < alone["coverage"]).all()
    (line,) = [line for line in told.lines if line.key == "predictive.untrained"]
    assert line.points == 0
    assert "leadgate train" in line.text


def test_segments_have_models_of_their_own(stored, people, as_of):
    """Leads of a segment without a trained model have no probability; the others keep theirs."""
    text = "segments: {b2b: {company: {known: true}}}\nscore: {predictive: 1}\n"
    text += "predictive: {b2b: {file: b.json}, other: {file: o.json}}\n"
    made = judge(text, {"b.json": stored, "o.json": None})

    verdicts = made(people, as_of)

    firms = people["company"].is_not_null()
    whole = predictive.compile(json.loads(stored)).probability(people, as_of) * 100
    assert np.allclose(verdicts["probability"].filter(firms), whole.filter(firms), atol=0.0501)
    assert verdicts["probability"].filter(~firms).null_count() == (~firms).sum()
    assert made.points(people, as_of).drop("id").sum_horizontal().equals(verdicts["score"])


def test_the_trained_model_belongs_to_the_digest(stored):
    """Another trained model is another model, although the YAML file is the same."""
    text = "score: {predictive: 1}\npredictive: {file: p.json}\n"
    other = json.dumps(json.loads(stored) | {"base_rate": 0.5})

    digests = {judge(text, {"p.json": each}).model.digest for each in (stored, other, None)}

    assert len(digests) == 3


def test_a_kept_model_judges_as_it_did(stored, people, as_of):
    """The text that the ledger keeps has all of the trained model, and gives the same verdicts."""
    text = "score: {rules: 0.5, predictive: 0.5}\npredictive: {file: p.json}\n" + RULES
    made = judge(text, {"p.json": stored})

    model = load_model(parse_yaml(model_text(made.model), "kept"))

    again = compile_judge(model, KINDS)
    assert model.digest == made.model.digest
    assert again(people, as_of).equals(made(people, as_of))


@pytest.mark.parametrize(
    ("section", "content", "message"),
    [
        ("{file: p.json}", '{\n"method":\n}', r"scoring/p\.json:3: is not valid JSON"),
        ("{file: p.json}", '{"method": "other"}', r"scoring/p\.json:1: is not a trained model"),
        ("{b2c: {file: p.json}}", "{}", r'model\.yaml:4: predictive: "b2c" is not a segment'),
        ("{}", "", "names no file"),
        ("{other: 3}", "", "must name a file"),
    ],
)
def test_what_is_no_trained_model_is_refused_with_its_place(section, content, message):
    """Every fault names the file, and how to mend it."""
    text = f"score: {{predictive: 1}}\npredictive: {section}\n"

    with pytest.raises(ProblemsError, match=message):
        judge(text, {"p.json": content})


def test_facts_of_another_kind_are_refused(stored):
    """A list that has become a text would be blank to the model; that is refused."""
    text = "score: {predictive: 1}\npredictive: {file: p.json}\n"

    with pytest.raises(
        ProblemsError, match='trained on "interests" as item, and the fact is a text'
    ):
        judge(text, {"p.json": stored}, KINDS | {"interests": "text"})
