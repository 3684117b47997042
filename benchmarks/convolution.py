"""Conv2D 1 x 28 x 28 -> 32 maps by kernels of 5 x 5, batch 32, beside `torch.nn.functional.conv2d`; and with a delay for each weight."""

import subprocess
import sys

import torch
import torch.nn.functional as F

import snnlab as snn
from benchmarks.timing import Row, bandwidth, matmul_rate, rows, table

SIDE, FILTERS, KERNEL, BATCH, RATE = 28, 32, 5, 32, 0.05
SITES, TAPS = (SIDE - KERNEL + 1) ** 2, KERNEL**2


def connection(longest: float | None = None) -> snn.Conv2D:
    """The connection that is timed, its delays whole steps from 0 to the longest."""
    delays = {}
    if longest is not None:
        delays = {"delay": longest, "delay_init": lambda zeros: torch.randint(0, int(longest) + 1, zeros.shape).float()}
    synapse = snn.DeltaCurrent.partialconstructor(spike_charge=1.0)
    return snn.Conv2D(SIDE, SIDE, 1, FILTERS, 1.0, KERNEL, synapse=synapse, batch_size=BATCH, **delays)


def spikes(count: int = 16) -> list[torch.Tensor]:
    """Steps of random input, 5 % of the pixels spiking."""
    return [torch.rand(BATCH, 1, SIDE, SIDE) < RATE for _ in range(count)]


def measure(bytes_per_ms: float, adds_per_ms: float) -> list[Row]:
    """F.conv2d, and a step of the connection without and with delays: once beside the first, once beside the second."""
    plain, few, many = connection(), connection(5.0), connection(20.0)
    trains, turn = spikes(), iter(range(10**9))
    images, weight = [train.float() for train in trains], plain.weight.detach().clone()
    product, patches, outputs = FILTERS * TAPS * SITES * BATCH / adds_per_ms, 4 * TAPS * SITES * BATCH, 4 * FILTERS * SITES * BATCH
    undelayed = max(product, (2 * patches + outputs) / bytes_per_ms)  # patches are written and read once, outputs written once
    calls = {
        "F.conv2d": lambda: F.conv2d(images[next(turn) % 16], weight),
        "Conv2D": lambda: plain(trains[next(turn) % 16]),
        "Conv2D with delays of 0 to 5 ms": lambda: few(trains[next(turn) % 16]),
        "Conv2D with delays of 0 to 20 ms": lambda: many(trains[next(turn) % 16]),
    }
    limits = {"F.conv2d": max(product, outputs / bytes_per_ms), "Conv2D": undelayed}
    for name, slots in (("Conv2D with delays of 0 to 5 ms", 6), ("Conv2D with delays of 0 to 20 ms", 21)):
        read = slots * (1 - (1 - 1 / slots) ** FILTERS)  # of each tap's slots, those that some filter reads
        limits[name] = max(product, (2 * patches + read * patches + outputs) / bytes_per_ms)  # every slot is written twice
    undelayed, *delayed = list(calls)[1:]
    lines = rows({name: calls[name] for name in ("F.conv2d", undelayed)}, {undelayed: "at most 4 x"}, limits)
    return lines + rows({name: calls[name] for name in (undelayed, *delayed)}, dict.fromkeys(delayed, "at most 4 x"), limits)


def learning() -> list[Row]:
    """The two products of a step of pair STDP, beside the step of the connection."""
    lines = []
    for words, longest in (("", None), (" with delays of 0 to 20 ms", 20.0)):
        layer, trains, turn = connection(longest), spikes(), iter(range(10**9))
        post = [torch.rand(layer.batched_outshape) for _ in range(4)]
        read = layer.synapse.delayed_spikes()
        calls = {
            f"Conv2D{words}": lambda layer=layer, trains=trains, turn=turn: layer(trains[next(turn) % 16]),
            f"post x pre of all sites and samples{words}": lambda layer=layer, post=post, read=read, turn=turn: layer.correlate(
                post[next(turn) % 4], read
            ),
        }
        lines += rows(calls, rounds=60)
    return lines


def peak_memory(longest: float | None) -> float:
    """MB that 50 steps add, at their peak, to a process that has imported the library. Linux alone."""
    program = (
        "import re, torch; from pathlib import Path; from benchmarks.convolution import connection, spikes\n"
        "read = lambda name: int(re.search(name + r':\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) / 1024\n"
        "torch.set_grad_enabled(False); torch.set_num_threads(1); before = read('VmRSS')\n"
        "Path('/proc/self/clear_refs').write_text('5')  # the peak starts anew\n"
        f"layer, trains = connection({longest}), spikes()\n"
        "for step in range(50): layer(trains[step % 16])  # what comes out is not kept\n"
        "print(read('VmHWM') - before)"
    )
    return float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)


def main() -> str:
    """The tables, and the memory."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with torch.no_grad():
        text = table(f"A convolution of 1 x {SIDE} x {SIDE} -> {FILTERS} maps, batch {BATCH}", measure(bandwidth(), matmul_rate()))
        text += "\n" + table("Its learning product", learning())
    history = 4 * 2 * 21 * TAPS * SITES * BATCH / 2**20
    plain, delayed = peak_memory(None), peak_memory(20.0)
    return text + (
        f"\nPeak memory added to the import: {plain:.0f} MB without delays, {delayed:.0f} MB with delays of 0 to 20 ms, "
        f"of which {history:.0f} MB are the history of what every tap sees.\n"
    )


if __name__ == "__main__":
    print(main())
