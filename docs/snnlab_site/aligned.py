"""Indented text of a docstring: tables, whose columns are set apart by spaces, drawings, which no line may leave, and all else."""

import re

DRAWN = re.compile(r"[─-╿▲▼►◄]|(?:^|\s)\|(?:\s|$)", re.MULTILINE)
EQUATION = re.compile(r"[=←≤≥·│]|[,:]$")
HEADS = ("", "figure", "name", "rule", "source")  # what the first cell of a head says


def is_drawing(lines: list[str]) -> bool:
    """Whether lines make a picture, of boxes and arrows.

    Example:
        >>> is_drawing(["inputs ──► feedfwd"]), is_drawing(["Δ|W| = η·|Δt|"])
        (True, False)
    """
    return bool(DRAWN.search("\n".join(lines)))


def table(lines: list[str]) -> list[list[str]]:
    """Rows of cells, where lines are a table of names and what they stand for; else nothing. What goes on in a line below is joined.

    Example:
        >>> table(["previous   the older step", "nearest    the nearer step;", "           on a tie the older", "linear     both"])
        [['previous', 'the older step'], ['nearest', 'the nearer step; on a tie the older'], ['linear', 'both']]
        >>> table(["r ← max(r − 1, 0)   always", "s = (v ≥ ϑ)         else", "t = 0               else"])
        []
    """
    if len(lines) < 3 or not all(lines) or is_drawing(lines):
        return []
    width = max(map(len, lines))
    padded = [line.ljust(width) for line in lines]
    gaps = (at for at in range(2, width) if all(row[at - 2 : at] == "  " for row in padded))
    starts = [at for at in gaps if sum(row[at] != " " for row in padded) > 1]
    rows: list[list[str]] = []
    for row in padded:
        cells = [row[begin:end].strip() for begin, end in zip([0, *starts], [*starts, width], strict=True)]
        if rows and not cells[0]:
            rows[-1] = [f"{above} {cell}".strip() for above, cell in zip(rows[-1], cells, strict=True)]
        else:
            rows.append(cells)
    return rows if starts and len(rows) > 2 and not any(EQUATION.search(cells[0]) for cells in rows) else []


def has_head(rows: list[list[str]]) -> bool:
    """Whether the first row says what the columns are."""
    return rows[0][0] in HEADS
