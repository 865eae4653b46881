"""The models that ship are sound, and checking them takes no time worth noticing."""

from __future__ import annotations

from importlib.resources import files

import pytest

from scoring.design_check import check_design
from scoring.document import parse_yaml
from scoring.model import load_model


@pytest.mark.parametrize("name", ["b2b", "b2c", "default"])
def test_the_shipped_models_have_no_fault(name):
    """Neither an error nor a warning."""
    text = files("scoring").joinpath("models", f"{name}.yaml").read_text(encoding="utf-8")
    document = parse_yaml(text, f"{name}.yaml")
    model = load_model(document)
    found = check_design(model, document)

    assert [(f.level, str(f.problem)) for f in found] == []
