"""The file of a trained model: where it belongs, reading it, and writing it whole or not at all."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from connector.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.settings import Project


@dataclass(frozen=True)
class Written:
    """A trained model's file, the model file of its connection, and whom it is for."""

    file: Path
    model: str | None
    segment: str | None
    connection: str


def beside(project: Project, model: str | None, segment: str | None) -> Path:
    """The file that the model names for this segment, else `predictive.json` beside the model."""
    folder = (project.root / model).parent if model else project.root
    named = _named(project, model, segment)
    return folder / (named or f"predictive{f'-{segment}' if segment else ''}.json")


def _named(project: Project, model: str | None, segment: str | None) -> str | None:
    """What the model file says: `predictive: {file: …}`, or one for each segment."""
    content = project.read(model).data if model else None
    given = content.get("predictive") if isinstance(content, dict) else None
    if segment is not None:
        given = given.get(segment) if isinstance(given, dict) else None
    named = given.get("file") if isinstance(given, dict) else None
    return named if isinstance(named, str) else None


def names(project: Project, written: Written) -> bool:
    """Whether the model file names the trained model already."""
    named = _named(project, written.model, written.segment)
    folder = (project.root / (written.model or "")).parent
    return named is not None and (folder / named).resolve() == written.file.resolve()


def read(path: Path, connection: str) -> dict[str, Any]:
    """A trained model. Raises `ConfigurationError` if there is none, or none that can be read."""
    from scoring.methods import predictive

    again = f"Train it: leadgate train {connection}"
    try:
        stored: dict[str, Any] = orjson.loads(path.read_bytes())
        predictive.compile(stored)
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: there is no trained model yet. {again}") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        raise ConfigurationError(f"{path} is not a trained model. {again}") from None
    return stored


def write(path: Path, stored: Mapping[str, Any]) -> None:
    """Write a trained model so that a reader finds the old one or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(orjson.dumps(dict(stored)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}.") from None
