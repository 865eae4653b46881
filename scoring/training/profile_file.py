"""A learned profile as the text of a model file's section, with its evidence as comments."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from scoring.training.lift import FALSE_DISCOVERIES, LEAST_CUSTOMERS, LEAST_LEADS
from scoring.words import spoken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scoring.lead import Kind
    from scoring.training.bands import Band
    from scoring.training.profile import Learned, Proposal

FACTOR = 4
"""The margin proposed on a logarithmic scale."""

_NAMED = {"won": "won customers", "converted": "leads that became opportunities"}


def section(proposal: Proposal, kinds: Mapping[str, Kind]) -> str:
    """The YAML text of the section `profile`, to be read and edited."""
    lines = [*_head(proposal), "profile:", "  unknown: miss", "  attributes:"]
    for attribute in proposal.attributes:
        lines += _attribute(attribute, kinds[attribute.fact])
    return "\n".join(lines) + "\n"


def _head(proposal: Proposal) -> Iterator[str]:
    share = proposal.customers / proposal.leads
    yield (
        f"# Ideal customer profile, learned from {proposal.customers:,} {_NAMED[proposal.outcome]} "
        f"among {proposal.leads:,} leads ({share:.1%})."
    )
    if proposal.outcome == "converted":
        yield "# Too few wins are known here: a lead that became an opportunity stands for a customer."
        yield "# Who becomes one is decided by the gates of the model, so part of this echoes them."
    yield "# lift: how many times as likely customers are with the value as without it, among leads"
    yield "# whose fact is known, with the 95 % interval. It says what goes together, not why."
    yield (
        f"# Of {len(proposal.tested)} values tested those are kept that are surely above 1 "
        f"(at most {FALSE_DISCOVERIES:.0%} by chance),"
    )
    yield f"# with at least {LEAST_LEADS} leads and {LEAST_CUSTOMERS} customers. Edit it; it is yours."
    yield "# To let it count: score: {rules: 0.7, profile: 0.3}"


def _attribute(attribute: Learned, kind: Kind) -> Iterator[str]:
    if attribute.band is not None:
        band, evidence = attribute.band
        yield f"    - fact: {attribute.fact}  # {evidence.words}"
        yield f"      weight: {attribute.weight}"
        yield from _span(band)
        return
    yield f"    - fact: {attribute.fact}"
    yield f"      weight: {attribute.weight}"
    if kind == "boolean":
        evidence = attribute.values[0][0]
        yield f"      is: {evidence.value}  # {evidence.words}"
        return
    if any(len(each.value) > 2 for each, _ in attribute.values) and attribute.fact == "country":  # noqa: PLR2004 — not a country code
        yield "      tree: places"
        yield "      levels: [0]  # what is merely near counts nothing; there is no evidence for it"
    yield "      in:"
    for evidence, closeness in attribute.values:
        yield f"        {_text(evidence.value)}: {closeness:g}  # {evidence.words}"


def _span(band: Band) -> Iterator[str]:
    ends = [band.low, band.high]
    low, high = (None if end is None else f"{end:.10g}" for end in ends)
    if low is not None and high is not None:
        yield f"      between: [{low}, {high}]"
    else:
        yield f"      at_most: {high}" if low is None else f"      at_least: {low}"
    if band.log and all(end is None or end > 0 for end in ends):
        yield f"      margin: {FACTOR}"
        yield "      scale: log"
    elif low is not None and high is not None and band.low is not None and band.high is not None:
        yield f"      margin: {(band.high - band.low) / 2:.10g}"


def _text(value: str) -> str:
    """A text as a key of YAML: in quotes, unless it is plainly a word."""
    if re.fullmatch(r"[A-Za-z][A-Za-z_]*", value) and value.lower() not in _NOT_TEXTS:
        return value
    return json.dumps(value, ensure_ascii=False)


_NOT_TEXTS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def told(attribute: Learned) -> str:
    """An attribute in one phrase: employees 50–1,000."""
    if attribute.band is None:
        return f"{attribute.fact}: " + ", ".join(spoken(each.value) for each, _ in attribute.values)
    low, high = attribute.band[0].low, attribute.band[0].high
    if low is None or high is None:
        bound = f"at most {spoken(high)}" if low is None else f"at least {spoken(low)}"
        return f"{attribute.fact}: {bound}"
    return f"{attribute.fact}: {spoken(low)}–{spoken(high)}"
