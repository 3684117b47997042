"""How far a run is: a bar for those who wait, and none for those who do not."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

from snnlab.core import checks

PATIENCE = 2.0  # seconds: a shorter run is over before its bar is read


def shown(steps: Iterable[Any], count: int | None, progress: bool | None) -> Iterator[Any]:
    """The same steps; a bar counts those that are done: at once for True, never for False, once `PATIENCE` has run out for None."""
    if progress is not None:
        checks.boolean("progress", progress)
    return _shown(steps, count, progress)


def _shown(steps: Iterable[Any], count: int | None, progress: bool | None) -> Iterator[Any]:
    bar, begin = None, time.monotonic()
    try:
        for done, step in enumerate(steps):
            if bar is None and progress is not False and (progress or time.monotonic() - begin > PATIENCE):
                bar = _bar(count, done)
            yield step
            if bar is not None:
                bar.update()
    finally:
        if bar is not None:
            bar.close()


def _bar(count: int | None, done: int) -> Any:
    from tqdm.auto import tqdm  # here, for it loads widgets in a notebook, and most runs never show it

    return tqdm(total=count, initial=done, unit=" steps", leave=False)
