"""One step of pair STDP: forward, trainer, update; beside `torch.nn.functional.linear` of the same shape."""

import statistics

import torch
import torch.nn.functional as F

import snnlab as snn
from benchmarks.products import INPUTS, LONGEST, OUTPUTS, connection, random_delays, spikes
from benchmarks.timing import Row, rows, table


def network(layer: snn.LinearDense) -> tuple[snn.Serial, snn.STDP]:
    """A connection, LIF neurons, and pair STDP over both."""
    batch = layer.batchsz
    settings = {"rest_v": -65.0, "reset_v": -65.0, "thresh_v": -50.0, "refrac_t": 2.0, "time_constant": 10.0}
    serial = snn.Serial(layer, snn.LIF(layer.outshape, 1.0, **settings, batch_size=batch))
    layer.defaultupdater(exclude_delay=True)
    stdp = snn.STDP(lr_post=1e-6, lr_pre=-1e-6, tc_post=20.0, tc_pre=20.0)
    stdp.register_cell("only", serial.cell)
    return serial, stdp


def measure(batch: int, asked: tuple[str, str]) -> tuple[list[Row], str]:
    """F.linear, and a learning step without and with delays; and how often the neurons fired."""
    pairs = [network(connection(batch)), network(connection(batch, LONGEST))]
    trains, turn = spikes(batch), iter(range(10**9))
    dense, weight = [train.float() for train in trains], torch.rand(OUTPUTS, INPUTS)

    fired: list[float] = []

    def step(serial: snn.Serial, stdp: snn.STDP) -> None:
        fired.append(serial(trains[next(turn) % 16]).float().mean().item())
        stdp()
        serial.update()

    names = (f"F.linear, batch {batch}", f"STDP step, batch {batch}", f"STDP step with delays, batch {batch}")
    calls = (lambda: F.linear(dense[next(turn) % 16], weight), lambda: step(*pairs[0]), lambda: step(*pairs[1]))
    lines = rows(dict(zip(names, calls, strict=True)), dict(zip(names[1:], asked, strict=True)), rounds=100)
    rate = statistics.mean(fired)
    assert 0.01 < rate < 0.5, f"the neurons fire in {rate:.0%} of the steps, which is no fair load"
    return lines, f"{rate:.0%} at batch {batch}"


def overhead() -> list[Row]:
    """A step of 20 -> 10, where nothing but overhead is left, beside one small operation of torch."""
    synapse = snn.DeltaCurrent.partialconstructor(spike_charge=20.0)
    kinds = ({}, {}, {"delay": LONGEST, "delay_init": random_delays})
    alone, *pairs = [network(snn.LinearDense(20, 10, 1.0, synapse=synapse, **kind)) for kind in kinds]
    trains, turn, one = spikes(1, 20), iter(range(10**9)), torch.zeros(1)

    def step(serial: snn.Serial, stdp: snn.STDP) -> None:
        serial(trains[next(turn) % 16])
        stdp()
        serial.update()

    return rows(
        {
            "torch.zeros(1).mul_(0.9)": lambda: one.mul_(0.9),
            "Serial step, 20 -> 10": lambda: alone[0](trains[next(turn) % 16]),
            "STDP step, 20 -> 10": lambda: step(*pairs[0]),
            "STDP step with delays, 20 -> 10": lambda: step(*pairs[1]),
        },
        {"Serial step, 20 -> 10": "at most 60 x", "STDP step, 20 -> 10": "say what it is"},
        rounds=1000,
    )


def main() -> str:
    """The tables of learning steps and of overhead."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with torch.no_grad():
        (few, rate), (many, rate_of_many) = measure(1, ("at most 18 x", "at most 140 x")), measure(32, ("at most 9 x", "at most 55 x"))
        fired = f"\nInputs spike in 5 % of the steps, neurons in {rate} and {rate_of_many}.\n\n"
        return table(f"A learning step of {INPUTS} -> {OUTPUTS}", few + many) + fired + table("Overhead", overhead())


if __name__ == "__main__":
    print(main())
