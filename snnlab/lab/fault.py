"""What went wrong, in the words of the page: nobody else hears of an error in a background task or in a slider."""

import os
import sysconfig
import traceback
from pathlib import Path

from snnlab.core import checks

LIBRARIES = (
    *(sysconfig.get_path(kind) + os.sep for kind in ("stdlib", "purelib", "platlib")),
    str(Path(checks.__file__).parents[1]) + os.sep,
    "<frozen ",
)
"""Where errors are raised, but not made: of the places in a traceback, the reader is shown the last one outside of these."""


def describe(error: Exception, step: int) -> str:
    """The step at which the run stopped, the error, and the reader's own line that led to it."""
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(LIBRARIES)]
    place = f"\n{own[-1].name}, line {own[-1].lineno}: {own[-1].line}" if own else ""
    return f"Stopped at step {step}. {type(error).__name__}: {error}{place}"
