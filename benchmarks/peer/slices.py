"""What every peer's process does: it is told a case and a time, and answers with how long steps took, and `F.linear` beside them.

One line in, `{"case": ..., "seconds": ...}`, one line out, `{"steps": [ms, ...], "linear": [ms, ...], "rate": ...}`. A process keeps its
networks between two slices, so that many short slices of several processes can take turns.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F

INPUTS, OUTPUTS, RATE, STEPS = 784, 400, 0.05, 100


@dataclass
class Case:
    """A network to time.

    Args:
        run: runs `steps` steps.
        rate: the share of the neurons that spiked in a step, so far.
        batch: how many samples.
        steps: how many steps a call of `run` makes.
    """

    run: Callable[[], object]
    rate: Callable[[], float]
    batch: int = 1
    steps: int = 1


def spikes(batch: int, inputs: int = INPUTS, count: int = 16) -> list[torch.Tensor]:
    """Steps of random input, 5 % of the cells spiking."""
    return [torch.rand(batch, inputs) < RATE for _ in range(count)]


def timed(call: Callable[[], object]) -> float:
    """How long a call keeps the processor, in ms: on a machine that others use as well, time on the clock says little."""
    start = time.process_time()
    call()
    return 1e3 * (time.process_time() - start)


def slice_of(case: Case, seconds: float) -> dict[str, object]:
    """Runs the case and `F.linear` in turn for so long, at least once."""
    images, weight = torch.rand(case.batch, INPUTS), torch.rand(OUTPUTS, INPUTS)
    steps, linear, end = [], [], time.perf_counter() + seconds
    while not steps or time.perf_counter() < end:
        linear += [timed(lambda: F.linear(images, weight)) for _ in range(1 if case.steps == 1 else 10)]
        steps.append(timed(case.run) / case.steps)
    return {"steps": steps, "linear": linear, "rate": case.rate()}


def serve(cases: dict[str, Callable[[], Case]]) -> None:
    """Answers until the input ends."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    built: dict[str, Case] = {}
    print(json.dumps(sorted(cases)), flush=True)
    with torch.no_grad():
        for line in sys.stdin:
            asked = json.loads(line)
            if asked["case"] not in built:
                built.clear()  # one network at a time
                built[asked["case"]] = cases[asked["case"]]()
                slice_of(built[asked["case"]], 0.2)  # not counted
            print(json.dumps(slice_of(built[asked["case"]], asked["seconds"])), flush=True)
