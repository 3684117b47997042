"""LinearDense 784 -> 400, undelayed, with LIF neurons after it, and with a delay of 0 to 20 ms for each synapse, beside `F.linear`."""

import subprocess
import sys

import torch
import torch.nn.functional as F

import snnlab as snn
from benchmarks.timing import Row, bandwidth, matmul_rate, rows, table

INPUTS, OUTPUTS, LONGEST, RATE = 784, 400, 20.0, 0.05
ASKED = {1: "at most 20 x", 32: "at most 3 x", 128: "at most 4 x"}
ASKED_OF_SERIAL = {1: "at most 5.5 x", 32: "at most 1.9 x", 128: ""}


def random_delays(zeros: torch.Tensor) -> torch.Tensor:
    """Whole steps from 0 to the longest."""
    return torch.randint(0, int(LONGEST) + 1, zeros.shape).float()


def connection(batch: int, delay: float | None = None) -> snn.LinearDense:
    """The connection that is timed."""
    synapse = snn.DeltaCurrent.partialconstructor(spike_charge=1.0)
    delays = {} if delay is None else {"delay": delay, "delay_init": random_delays}
    return snn.LinearDense(INPUTS, OUTPUTS, 1.0, synapse=synapse, batch_size=batch, **delays)


def serial(batch: int) -> snn.Serial:
    """The same connection without delays, and LIF neurons; one neuron in twenty or so spikes at a step."""
    settings = {"rest_v": -65.0, "reset_v": -65.0, "thresh_v": -50.0, "refrac_t": 2.0, "time_constant": 10.0, "resistance": 2.0}
    return snn.Serial(connection(batch), snn.LIF(OUTPUTS, 1.0, **settings, batch_size=batch))


def spikes(batch: int, inputs: int = INPUTS, count: int = 16) -> list[torch.Tensor]:
    """Steps of random input, 5 % of the cells spiking."""
    return [torch.rand(batch, inputs) < RATE for _ in range(count)]


def measure(batch: int, bytes_per_ms: float, adds_per_ms: float) -> list[Row]:
    """F.linear, and a step of the connection without and with delays."""
    plain, delayed, layer = connection(batch), connection(batch, LONGEST), serial(batch)
    trains, turn = spikes(batch), iter(range(10**9))
    dense = [train.float() for train in trains]
    weight = plain.weight.detach().clone()
    size = INPUTS * OUTPUTS
    product = max(size * batch / adds_per_ms, size * 4 / bytes_per_ms)
    read = size * (4 + 8) / bytes_per_ms  # each weight and its index once; what they point at stays in the cache
    kinds = ("F.linear", "LinearDense", "Serial of LinearDense and LIF", "LinearDense with delays")
    names = tuple(f"{kind}, batch {batch}" for kind in kinds)
    calls = (
        lambda: F.linear(dense[next(turn) % 16], weight),
        lambda: plain(trains[next(turn) % 16]),
        lambda: layer(trains[next(turn) % 16]),
        lambda: delayed(trains[next(turn) % 16]),
    )
    limits = dict(zip(names, (product, product, product, max(read, size * batch / adds_per_ms)), strict=True))
    return rows(dict(zip(names, calls, strict=True)), {names[2]: ASKED_OF_SERIAL[batch], names[3]: ASKED[batch]}, limits)


def peak_memory() -> float:
    """MB that 50 delayed steps at batch 128 add, at their peak, to a process that has imported the library. Linux alone."""
    program = (
        "import re, torch; from pathlib import Path; from benchmarks.products import connection, spikes, LONGEST\n"
        "read = lambda name: int(re.search(name + r':\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) / 1024\n"
        "torch.set_grad_enabled(False); torch.set_num_threads(1); before = read('VmRSS')\n"
        "Path('/proc/self/clear_refs').write_text('5')  # the peak starts anew\n"
        "layer, trains = connection(128, LONGEST), spikes(128)\n"
        "[layer(trains[step % 16]) for step in range(50)]; print(read('VmHWM') - before)"
    )
    return float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)


def main() -> str:
    """The table of all batch sizes."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with torch.no_grad():
        speeds = bandwidth(), matmul_rate()
        lines = [row for batch in ASKED for row in measure(batch, *speeds)]
    text = table(f"A step of {INPUTS} -> {OUTPUTS}", lines)
    return text + f"\nPeak memory that the delayed case at batch 128 adds to the import: {peak_memory():.0f} MB (asked: under 60).\n"


if __name__ == "__main__":
    print(main())
