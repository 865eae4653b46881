"""The very model that made a verdict: kept in the ledger as text, and compiled again from it."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any, cast

import orjson
from ruamel.yaml import YAML

from scoring.document import parse_yaml
from scoring.judge import compile_judge
from scoring.model import load_model
from scoring.problem import ProblemsError

if TYPE_CHECKING:
    from connector.engine.connection import Connection
    from connector.engine.ledger import Ledger
    from scoring.judge import Judge
    from scoring.lead import Kind
    from scoring.model import Model


def keep_model(connection: Connection, ledger: Ledger) -> None:
    """Keep the connection's model in the ledger, if it is not there yet."""
    model = connection.model
    if ledger.model(connection.name, model.digest) is None:
        kept = {
            "digest": model.digest,
            "name": model.name,
            "version": model.version,
            "text": model_text(model),
            "extra": orjson.dumps(connection.inbound.facts).decode(),
        }
        ledger.keep_model(connection.name, kept)


def model_text(model: Model) -> str:
    """All that the model says, its other files too, as one YAML text."""
    text = StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.width = 10_000
    yaml.dump(model.document.data, text)
    return text.getvalue()


def kept_judge(
    ledger: Ledger, connection: str, digest: str
) -> tuple[Judge, dict[str, Kind]] | None:
    """The judge of a kept model, and the kinds of the team's own facts that it knew.

    None if the model was never kept, or if this program reads it differently than it was.
    """
    kept: dict[str, Any] | None = ledger.model(connection, digest)
    if kept is None:
        return None
    extra = cast("dict[str, Kind]", orjson.loads(kept["extra"]))
    try:
        model = load_model(parse_yaml(kept["text"], f"model {kept['name']} {kept['version']}"))
        judge = compile_judge(model, extra)
    except ProblemsError:
        return None
    return (judge, extra) if model.digest == digest else None
