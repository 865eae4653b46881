"""`leadgate train` over a file of leads: what it learns, refuses, writes and says."""

from __future__ import annotations

import importlib.util
import json

import polars as pl
import pytest

from tests.unit.connector.train.conftest import leads, write


def test_the_card_says_what_it_learned_and_how_well(trained):
    """The terminal shows the window, both splits, calibration and lift as bars, and factors."""
    card = (trained.folder / "card.txt").read_text()

    assert "Learned from 900 leads" in card
    assert "number 0 to 899" in card
    assert "forward in time" in card
    assert "Brier (constant)" in card
    assert card.count("predicted") >= 10
    assert card.count("●") > 3
    assert "0 % │" in card
    assert "100 %  1.00 █" in card
    assert "source is referral (+" in card


def test_the_card_is_a_page_to_look_at(place):
    """One file without scripts that fetches nothing: curves, lift, factors, what was kept out."""
    ran = place.run("train", "history", "--html", str(place.folder / "card.html"), "--json")
    page = (place.folder / "card.html").read_text()
    inside = page.split('<script type="application/json" id="figures">')[1].split("</script>")[0]

    assert ran.code == 0, ran.err
    assert json.loads(inside) == ran.json
    assert page.count("<svg") == 3
    assert page.count("<circle") == 20
    assert "verdict note" in page
    assert "Written too late to be known in advance" in page
    assert 'src="' not in page
    assert 'href="' not in page


def test_a_page_is_written_of_what_was_not_trained_too(tmp_path):
    """Without a model the page says why, in place of the pictures."""
    frame = leads()
    few = pl.concat([frame.filter(won="yes").head(49), frame.filter(won="no")])
    place = write(tmp_path / "project", few)

    ran = place.run("train", "history", "--html", str(place.folder / "card.html"))

    page = (place.folder / "card.html").read_text()
    assert ran.code == 1
    assert "No probability is published." in page
    assert "49 leads converted" in page
    assert "<svg" not in page


def test_a_page_that_cannot_be_written_is_told(place):
    """A folder that does not exist is the user's mistake, told without a traceback."""
    ran = place.run("train", "history", "--html", str(place.folder / "no" / "card.html"))

    assert ran.code == 2
    assert "Cannot write" in ran.err


def test_a_column_written_after_the_outcome_is_refused_with_the_reason(trained):
    """The leak check keeps the note out of the model, and the card says why."""
    card = (trained.folder / "card.txt").read_text()
    columns = {f["column"] for f in json.loads(trained.trained.read_text())["features"]}

    assert columns == {"source", "visits"}
    assert "Kept out, written too late" in card
    assert "verdict_note: Written too late" in card


def test_a_trained_model_scores_and_explains(trained):
    """A sync writes probabilities that rank leads, and scores made of both methods."""
    ran = trained.run("sync", "history")

    judged = trained.judged()
    assert ran.code == 0, ran.err
    mean = judged.group_by("source").agg(pl.col("leadgate_probability").mean())
    by_source = dict(mean.iter_rows())
    assert by_source["referral"] > by_source["search"] > by_source["ads"]
    points = 0.5 * judged["leadgate_probability"] + 20 * (judged["source"] == "referral").cast(
        pl.Float64
    )
    assert (judged["leadgate_score"] - points).abs().max() <= 0.56


def test_before_training_the_method_is_silent_and_says_so(place):
    """Without a trained file there is no probability; check names the command to run."""
    checked = place.run("check", "history")
    ran = place.run("sync", "history")

    judged = place.judged()
    assert "leadgate train history" in checked.err
    assert ran.code == 0, ran.err
    assert judged["leadgate_probability"].null_count() == judged.height
    assert set(judged["leadgate_score"]) == {0, 20}


def test_too_few_conversions_train_nothing(tmp_path):
    """Below fifty conversions nothing is written, the reason has the numbers, the exit code is 1."""
    frame = leads()
    few = pl.concat([frame.filter(won="yes").head(49), frame.filter(won="no")])
    place = write(tmp_path / "project", few)

    ran = place.run("train", "history", "--json")

    assert ran.code == 1
    assert ran.json["trained"] is False
    assert "49 leads converted" in ran.json["reason"]
    assert not place.trained.exists()


def test_noise_is_published_to_nobody(tmp_path):
    """Where nothing predicts the outcome, no file is written and the reason says so."""
    frame = leads(400).with_columns(pl.col("won").shuffle(seed=5)).drop("verdict_note")
    place = write(tmp_path / "project", frame.with_columns(verdict_note=pl.lit("none")))

    ran = place.run("train", "history", "--json")

    assert ran.code == 1
    assert "no better than" in ran.json["reason"]
    assert not place.trained.exists()


def test_a_broken_model_file_is_refused_with_its_place(trained):
    """Broken, foreign and newer files are refused by file, line and the command that mends them."""
    text = trained.trained.read_text()
    newer = json.dumps(json.loads(text) | {"version": 99})
    for content, what in (
        (text[:100], "scoring/predictive.json:1"),
        ('{"a": 1}', "not a trained model"),
        (newer, "not a trained model"),
    ):
        trained.trained.write_text(content)

        ran = trained.run("check", "history")

        assert ran.code == 2
        assert what in ran.err
        assert "leadgate train" in ran.err


def test_a_model_of_facts_that_the_mapping_lost_is_refused(trained):
    """Facts that no longer reach the model would be taken for blank; that is refused."""
    stored = json.loads(trained.trained.read_text())
    stored["features"][0]["column"] = "shoe_size"
    trained.trained.write_text(json.dumps(stored))

    ran = trained.run("check", "history")

    assert ran.code == 2
    assert '"shoe_size", which the mapping does not read' in ran.err


def test_recalibration_moves_the_base_rate_and_keeps_the_order(trained):
    """With fewer conversions lately, every probability falls, and leads keep their order."""
    trained.run("sync", "history")
    before = trained.judged()["leadgate_probability"]
    leads(1200, seed=9, rate=-2.2).write_csv(trained.folder / "leads.csv")

    ran = trained.run("train", "history", "--recalibrate", "--json")

    leads().write_csv(trained.folder / "leads.csv")
    trained.run("sync", "history", "--full")
    after = trained.judged()["leadgate_probability"]
    assert ran.json["recalibrated"] is True
    assert ran.json["moved"] < -0.3
    assert (after < before).all()
    assert after.rank().to_list() == pytest.approx(before.rank().to_list(), abs=25)


def test_drift_names_what_has_moved(trained):
    """Leads from elsewhere show as a moved feature; the model file stays as it is."""
    text = trained.trained.read_bytes()
    changed = leads(500, seed=3).with_columns(source=pl.lit("fair"))
    changed.write_csv(trained.folder / "leads.csv")

    ran = trained.run("train", "history", "--drift", "--json")

    assert ran.code == 0
    assert ran.json["stability"]["source"] > 0.25
    assert ran.json["stability"]["visits"] < 0.25
    assert trained.trained.read_bytes() == text


def test_upkeep_without_a_model_asks_for_training(place):
    """Nothing can be recalibrated before it was trained."""
    ran = place.run("train", "history", "--recalibrate")

    assert ran.code == 2
    assert "leadgate train history" in ran.err


def test_all_columns_need_no_mapping(tmp_path):
    """A file with no mapped facts is learned from as it is, and the lines to map it are printed."""
    place = write(tmp_path / "project", leads(400).rename({"visits": "Web Visits"}))
    (place.folder / "mapping.yaml").write_text("history: {target: won, exclude: [verdict_note]}\n")

    ran = place.run("train", "history")

    assert ran.code == 0, ran.err + ran.out
    assert 'web_visits: {field: "Web Visits", type: text}' in ran.out
    assert "source_as_written: {field: source, type: text}" in ran.out


def test_an_unknown_history_column_is_a_problem_of_check(place):
    """A column that the file does not have is named with its line and the nearest one."""
    path = place.folder / "mapping.yaml"
    path.write_text(path.read_text().replace("target: won", "target: wonn"))

    ran = place.run("check", "history")

    assert ran.code == 2
    assert "mapping.yaml:1: history.target" in ran.err
    assert 'Did you mean "won"?' in ran.err


def test_without_the_library_the_command_names_it(place, monkeypatch):
    """Training without scikit-learn says how to install it."""
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "sklearn" else found(name)
    )

    ran = place.run("train", "history")

    assert ran.code == 2
    assert "pip install 'leadgate[train]'" in ran.err
