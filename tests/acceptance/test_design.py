"""`leadgate check` looks at the model's design, before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support import World


def test_check_names_a_stage_that_nobody_reaches(world: World) -> None:
    """The fault is told with file, line, key and a lead that shows it, and the check fails."""
    assert world.run("check", world.crm).code == 0
    world.edit("scoring/model.yaml", "- score: {at_least: 50}", "- score: {above: 50, at_most: 20}")
    ran = world.run("check", world.crm, "--json")

    (problem,) = ran.json["errors"]
    assert ran.code == 2
    assert problem["where"].startswith("scoring/model.yaml:")
    assert "cycles.0.gates.opportunity.criteria.2" in problem["where"]
    assert "Nobody can reach opportunity" in problem["what"]
    assert "A lead that shows it: {" in problem["fix"]
