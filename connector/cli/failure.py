"""Errors in the user's words, and their exit codes."""

from __future__ import annotations

from connector.cli.console import FAILED, MISUSED, REJECTS, err, say_problems


def told(error: Exception) -> int:
    """Say an error to the user; its exit code."""
    from connector.errors import ConfigurationError, ConnectorError, QuotaSpentError
    from scoring.problem import ProblemsError

    if isinstance(error, ProblemsError):
        count = len(error.problems)
        say_problems(f"{count} thing{'s' if count > 1 else ''} to mend.", error.problems)
        return MISUSED
    if isinstance(error, ConfigurationError):
        say_problems(error.message, error.problems)
        return MISUSED
    if isinstance(error, QuotaSpentError):  # no failure: it goes on when calls are back
        say_problems(str(error), ())
        return REJECTS
    if isinstance(error, ConnectorError):
        say_problems(str(error), ())
        return FAILED
    return _unexpected(error)


def _unexpected(error: Exception) -> int:
    """A defect of leadgate itself: where it is, without the values that it was working on."""
    import traceback

    say_problems(f"leadgate has a defect ({type(error).__name__}). Please report these lines:", ())
    for frame in traceback.extract_tb(error.__traceback__)[-8:]:
        err().print(f"  {frame.name} in {frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}")
    return FAILED
