"""The verdict: all that was decided on one lead, as columns of a frame keyed by `id`."""

from __future__ import annotations

from scoring.lead import Kind, LeadField

STAGES = ("lead", "mql", "sal", "sql", "opportunity", "customer")
"""The ladder, lowest first."""

ASIDE = ("disqualified", "recycled")
"""The stages beside the ladder."""


def _field(name: str, kind: Kind, meaning: str) -> LeadField:
    return LeadField(name, kind, meaning)


_FIELDS = (
    _field("score", "number", "0–100, the sum of the lead's lines."),
    _field("fit", "number", "Points of the profile groups, 0–100."),
    _field("engagement", "number", "Points of the behaviour groups, 0–100."),
    _field("grade", "text", "Fit as A, B, C or D."),
    _field("engagement_level", "number", "Engagement as 1 (high) to 4 (none)."),
    _field("priority", "text", "hot, warm or cold, for the rep's day."),
    _field("genuine", "text", "Lamb or Spam: lamb, unsure or spam."),
    _field(
        "stage", "text", "lead, mql, sal, sql, opportunity, customer, disqualified or recycled."
    ),
    _field(
        "stage_reason", "text", "Why the lead has come to its stage; blank while it stays there."
    ),
    _field(
        "overdue", "number", "Days by which the lead is overdue in its stage; blank if it is not."
    ),
    _field("cycle", "text", "Name of the qualification cycle that applied."),
    _field("reasons", "text", "The score's lines, strongest first, in one text."),
    _field("unmet", "text", "What is missing for the next stage, in plain words."),
    _field("next_question", "text", "What the rep should ask next."),
    _field("coverage", "number", "Share of the score's inputs that are known, 0–100."),
    _field(
        "probability",
        "number",
        "Predicted probability of conversion, 0–100; blank without a model.",
    ),
    _field("scored_at", "datetime", "Start of the day as of which the lead was judged."),
)

FIELDS: dict[str, LeadField] = {field.name: field for field in _FIELDS}
"""Every verdict field that a mapping may write, by name."""

NEWS = ("stage_reason",)
"""Verdict fields that are blank when there is no news; what was written before stays."""
