"""The score's lines in one text per lead, strongest first.

    +20 decides on budgets · +15 visited 3 days ago · −10 free mail

Strength and line are packed into one number per line that counts, so that one sort of numbers
orders the lines of all leads; only then are the few different pieces of text looked up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.methods import Line

BETWEEN = " · "
AT_ONCE = 65_536
"""Rows a slice: small enough to stay in the processor's caches."""

STRONGEST = 65_535
TEXT_BITS, LINE_BITS, SIGN_BITS, STRENGTH_BITS = 18, 11, 1, 16
PIECE_BITS = TEXT_BITS + LINE_BITS + SIGN_BITS + STRENGTH_BITS
"""A piece is strength, sign, line and text: 46 bits. With 16 bits for the row it fits 63."""

MOST_LINES = 2**LINE_BITS - 2
"""How many lines a score can have, beside its own two limits."""

Texts = dict[int, pl.Series]
"""What a line says of the leads, by the line's number: its different texts."""


def with_reasons(frame: pl.DataFrame, lines: Sequence[Line], step: float) -> pl.DataFrame:
    """The frame with the column `reasons`. A line's column counts steps; 0 is left out.

    A column `<key>:text` beside it is what the line says of each lead; where it is null the line's
    own text stands. Of lines of the same strength gains come before losses, else the order given.
    """
    slices = [_reasons(part, lines, step) for part in frame.iter_slices(AT_ONCE)]
    reasons = pl.concat(slices) if slices else pl.Series(dtype=pl.String)
    return frame.with_columns(reasons.alias("reasons"))


def _reasons(frame: pl.DataFrame, lines: Sequence[Line], step: float) -> pl.Series:
    spoken = {n for n, line in enumerate(lines) if f"{line.key}:text" in frame.columns}
    plain = _keys(frame, {n: line.key for n, line in enumerate(lines) if n not in spoken})
    own, texts = _spoken_keys(frame, {n: lines[n].key for n in sorted(spoken)})
    ordered = pl.concat([plain, own]).sort().to_frame("key")
    ordered = ordered.select(
        (pl.col("key") // 2**PIECE_BITS).alias("row").cast(pl.UInt32),
        (pl.col("key") % 2**PIECE_BITS).alias("piece"),
    )
    pieces = _pieces(ordered["piece"].unique(), lines, texts, step)
    said = (
        ordered.join(pieces, on="piece", how="left", maintain_order="left")
        .group_by("row", maintain_order=True)
        .agg(pl.col("said").str.join(BETWEEN))
    )
    rows = pl.DataFrame({"row": pl.int_range(frame.height, dtype=pl.UInt32, eager=True)})
    return rows.join(said, on="row", how="left", maintain_order="left")["said"].fill_null("")


def _keys(
    frame: pl.DataFrame, keys: Mapping[int, str], codes: pl.Series | None = None
) -> pl.Series:
    """Row, strength, sign, line and text of every line that counts, packed into one number."""
    if not keys or frame.is_empty():
        return pl.Series(dtype=pl.Int64)
    numbers = pl.Series(list(keys), dtype=pl.Int64)
    steps = frame.select(keys.values()).unpivot()["value"].cast(pl.Int64)
    long = steps.to_frame("steps").with_columns(pl.lit(0 if codes is None else codes).alias("text"))
    counting = long.with_row_index("at").filter(pl.col("steps") != 0)
    at = pl.col("at").cast(pl.Int64)
    weakness = STRONGEST - pl.col("steps").abs().clip(upper_bound=STRONGEST)
    piece = weakness * 2 + (pl.col("steps") < 0)
    piece = piece * 2**LINE_BITS + pl.lit(numbers).gather(at // frame.height)
    piece = piece * 2**TEXT_BITS + pl.col("text")
    key = (at % frame.height) * 2**PIECE_BITS + piece
    return counting.select(key.alias("key"))["key"]


def _spoken_keys(frame: pl.DataFrame, keys: Mapping[int, str]) -> tuple[pl.Series, Texts]:
    """The same of the lines with texts of their own, and the texts that the numbers stand for."""
    texts = {n: frame[f"{key}:text"].unique().drop_nulls().sort() for n, key in keys.items()}
    if not texts:
        return _keys(frame, {}), texts
    codes = frame.select(
        # 0 stands for the line's own text.
        (pl.col(f"{keys[n]}:text").cast(pl.Enum(said)).to_physical().cast(pl.Int64) + 1).fill_null(
            0
        )
        for n, said in texts.items()
    )
    return _keys(frame, keys, codes.unpivot()["value"]), texts


def _pieces(pieces: pl.Series, lines: Sequence[Line], texts: Texts, step: float) -> pl.DataFrame:
    """What each piece says: a table of the few different ones."""
    said = [_said(piece, lines, texts, step) for piece in pieces.to_list()]
    return pl.DataFrame({"piece": pieces, "said": pl.Series(said, dtype=pl.String)})


def _said(piece: int, lines: Sequence[Line], texts: Texts, step: float) -> str:
    rest, text = divmod(piece, 2**TEXT_BITS)
    rest, number = divmod(rest, 2**LINE_BITS)
    weakness, negative = divmod(rest, 2)
    points = (STRONGEST - weakness) * step
    words = texts[number][text - 1] if text else lines[number].text
    return f"{'−' if negative else '+'}{points:g} {words}"
