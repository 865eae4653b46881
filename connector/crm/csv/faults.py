"""What goes wrong with files, in the connector's words."""

from __future__ import annotations

import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from polars.exceptions import PolarsError

from connector.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def translated(path: Path, doing: str = "read") -> Iterator[None]:
    """File errors as ConfigurationError: which file, what for, and the system's own reason."""
    try:
        yield
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: there is no such file or folder.") from None
    except (EOFError, zlib.error):
        raise ConfigurationError(f"{path}: is not whole; its end is missing.") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError(f"{path}: cannot be {doing}: {reason}.") from None
    except (PolarsError, UnicodeError) as error:
        raise ConfigurationError(f"{path}: cannot be {doing} ({type(error).__name__}).") from None
