"""Seniority from a job title."""

from __future__ import annotations

import re

import polars as pl

from mappings.transforms.base import Options, Transform, by_value, unchanged

LEVELS = ("c_level", "vp", "director", "manager", "senior", "staff", "junior", "student")
"""Every seniority, highest first."""

_PATTERNS: tuple[tuple[str, str], ...] = (
    ("staff", r"assistant to|assistante? de|assistenz|personal assistant|executive assistant|secretar|sekretär|office of the"),
    ("student", r"\bstudent|werkstudent|\bintern(ship)?\b|praktikant|stagiaire|becari|estagiári|étudiant|estudiante"),
    ("vp", r"\b[se]?vps?\b|\bavp\b|\bvice[ -]?president|vice-?président|vicepresident"),
    ("c_level", r"\bc[efimoprst]o\b|\bcmo\b|\bcdo\b|\bcco\b|\bciso\b|\bchro\b|\bcpto\b|\bchief\b(?! of staff)|\bfounder|founding partner|\bco-?founder|\bpresident\b|\bpräsident|\bowner\b|\bproprietor|managing (director|partner)|general manager|executive director|director general|geschäftsführ|\bvorstand|\binhaber|\bgründer|\bpdg\b|président|\bgérant|\bfondat|propriétaire|\bdueñ|\bsocio\b|administratore? delegat|amministratore delegat|consejero delegado|\bgf\b"),
    ("director", r"\bdirector|\bdirecteur|\bdirectrice|\bdirett|\bdiretor|\bdirektor|\bhead\b|leiter(in)?\b|leitung\b|chief of staff|\bprincipal\b|\bpartner\b"),
    ("junior", r"\bjunior\b|\bjr\b|\btrainee|\bgraduate\b|\bapprentice|\bazubi\b|auszubildende|\bentry[ -]level"),
    ("manager", r"manager|\bmgr\b|\blead\b(?! gen)|\bteam ?lead|\bsupervisor|\bresponsable|\bresponsabile|\bjefe|\bgerente|\bchef d|\bencargad|\bcoordinador general"),
    ("senior", r"\bsenior\b|\bsr\b|\bexpert\b|\barchitect\b|\bspecialist (ii|iii)\b|\bengineer (ii|iii|iv)\b"),
)  # fmt: skip
_NOT_OWNERS = re.compile(r"\b(product|process|system|data|service|account|application)[ -]owner\b")
_COMPILED = tuple((level, re.compile(pattern)) for level, pattern in _PATTERNS)
_TEAM_LEADER = re.compile(r"team-?(leiter|leitung)")


def _seniority(text: pl.Expr, _: Options) -> pl.Expr:
    return by_value(text, _level, pl.String())


def _level(title: str) -> str | None:
    """The seniority that a title speaks of; `staff` when it speaks of none."""
    words = title.casefold().strip()
    if words in LEVELS:
        return words
    if not any(c.isalpha() for c in words):
        return None
    if _TEAM_LEADER.search(words):
        return "manager"
    words = _NOT_OWNERS.sub("", words).replace("sub-lead", "")
    return next((level for level, found in _COMPILED if found.search(words)), "staff")


SENIORITY = Transform("seniority", "text", _seniority, unchanged, "is not a job title")
