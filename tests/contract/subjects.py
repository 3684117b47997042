"""The models that must keep one contract, each with a way to build it, to feed it and to feed it badly.

A new synapse, neuron, connection or layer joins by one more entry in `SUBJECTS`; the laws are in `snnlab/contract/`.
"""

import torch
from torch import Tensor

import snnlab as snn
from snnlab.contract import Subject

INPUTS, OUTPUTS, IMAGE = 5, 4, (2, 4, 5)
DELTA = snn.DeltaCurrent.partialconstructor(spike_charge=40.0)
EXPONENTIAL = snn.SingleExponentialCurrent.partialconstructor(spike_charge=40.0, time_constant=5.0)
DOUBLE = snn.DoubleExponentialCurrent.partialconstructor(spike_charge=40.0, tc_decay=5.0, tc_rise=1.0)
LINEAR = snn.DeltaPlusCurrent.partialconstructor(spike_charge=40.0, interp_mode="linear")


def _random(like: Tensor, low: float, high: float, seed: int) -> Tensor:
    return torch.rand(like.shape, generator=torch.Generator().manual_seed(seed)) * (high - low) + low


def connection(
    kind: type, batch: int, *, delay: float | None, synapse: snn.SynapseConstructor = DELTA, bias: bool = True
) -> snn.Connection:
    """A connection with random weights, biases and delays, some of them between two steps."""
    shape = {snn.LinearDense: (INPUTS, OUTPUTS), snn.Conv2D: (*IMAGE[1:], IMAGE[0], 3)}.get(kind, (OUTPUTS,))
    moves = {"kernel": (2, 3), "stride": (1, 2), "padding": (0, 1)} if kind is snn.Conv2D else {}
    firsts = {} if delay is None else {"delay_init": lambda like: _random(like, 0.0, delay, 3).round(decimals=0 if synapse is DELTA else 4)}
    return kind(
        *shape,
        1.0,
        **moves,
        synapse=synapse,
        bias=bias,
        delay=delay,
        batch_size=batch,
        weight_init=lambda like: _random(like, -0.2, 1.0, 1),
        bias_init=lambda like: _random(like, 0.0, 1.0, 2),
        **firsts,
    )


def lif(batch: int) -> snn.LIF:
    return snn.LIF(
        OUTPUTS, 1.0, rest_v=-65.0, reset_v=-67.0, thresh_v=-60.0, refrac_t=2.0, time_constant=15.0, resistance=2.0, batch_size=batch
    )


def alif(batch: int, kind: type = snn.ALIF) -> snn.ALIF:
    return kind(
        OUTPUTS, 1.0, rest_v=-65.0, reset_v=-67.0, thresh_eq_v=-60.0, refrac_t=2.0, tc_membrane=15.0, tc_adaptation=(50.0, 500.0),
        spike_increment=(1.0, 0.5), resistance=2.0, batch_size=batch,
    )  # fmt: skip


MEMBRANE = {"rest_v": -65.0, "reset_v": -67.0, "thresh_v": -40.0, "refrac_t": 2.0, "resistance": 2.0}
PARABOLA = {"crit_v": -55.0, "affinity": 0.1}
UPSWING = {"rheobase_v": -55.0, "sharpness": 3.0}
SOFT = {
    "reset_v_add": 2.0,
    "reset_v_mul": 0.5,
    "thresh_eq_v": -60.0,
    "tc_membrane": 15.0,
    "rc_adaptation": (0.1, 0.01),
    "spike_increment": 1.0,
}
CURRENTS = {"tc_membrane": 10.0, "tc_adaptation": (20.0, 100.0), "voltage_coupling": (0.02, -0.01), "spike_increment": 2.0}


class Recurrent(snn.Layer):
    """Inputs and the group's own last spikes drive a group of adaptive neurons."""

    def __init__(self, batch: int) -> None:
        super().__init__()
        self.add_connection("feed", connection(snn.LinearDense, batch, delay=3.0))
        self.add_connection("own", connection(snn.LinearLateral, batch, delay=2.0, synapse=EXPONENTIAL))
        self.add_neuron("out", alif(batch))
        self.add_cell("feed", "out")
        self.connections.feed.defaultupdater()

    def wiring(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"out": inputs["feed"] - inputs["own"]}

    def once(self, inputs: Tensor) -> Tensor:
        return self({"feed": (inputs,), "own": (self.neurons.out.spike,)})["out"]


def biclique(batch: int) -> snn.Biclique:
    feed, ahead = connection(snn.LinearDense, batch, delay=3.0), connection(snn.LinearDense, batch, delay=None, synapse=EXPONENTIAL)
    return snn.Biclique([("feed", feed), ("ahead", ahead, torch.neg)], [("out", alif(batch)), ("other", lif(batch), torch.abs)])


def recurrent(batch: int, *, trainable: bool) -> snn.RecurrentSerial:
    feed, out = connection(snn.LinearDense, batch, delay=3.0), connection(snn.LinearDirect, batch, delay=None)
    back = connection(snn.LinearLateral, batch, delay=2.0, synapse=EXPONENTIAL)
    away = {} if trainable else {"feedback_out_transform": torch.neg}
    return snn.RecurrentSerial(feed, out, back, alif(batch), lif(batch), trainable_feedback=trainable, **away)


def traced_delays(shape: tuple[int, ...]) -> Tensor:
    """Whole-step delays from 0 to 3 ms, one a synapse of one sample."""
    return _random(torch.empty(shape), 0.0, 3.0, 3).round()


def traced_linear(batch: int, delay: float | Tensor = 0.0) -> snn.traced.Linear:
    model = snn.traced.Linear(INPUTS, OUTPUTS, batch, 1.0, delay)
    model.weight = _random(model.weight, -0.2, 1.0, 1)
    return model


def traced_conv(batch: int, delay: float | Tensor = 0.0) -> snn.traced.Conv2d:
    model = snn.traced.Conv2d(IMAGE[0], 3, (2, 3), IMAGE[1:], batch, 1.0, delay, stride=(1, 2), padding=(0, 1))
    model.weight = _random(model.weight, -0.2, 1.0, 1)
    return model


def traced_serial(batch: int) -> snn.Serial:
    lif = snn.LIF((1, OUTPUTS), 1.0, rest_v=-65.0, reset_v=-67.0, thresh_v=-60.0, refrac_t=2.0, time_constant=15.0, resistance=60.0,
                  batch_size=batch)  # fmt: skip
    return snn.Serial(traced_linear(batch, traced_delays((OUTPUTS, INPUTS))), snn.traced.TracedNeuron(lif, 20.0))


def traced_step(model: torch.nn.Module, x: Tensor) -> Tensor:
    """A step with a trace half as large as the spikes; what comes out side by side, B x 2 x ..."""
    out, trace = model(x, x * 0.5 if isinstance(x, Tensor) else x)
    return torch.stack((out.to(trace.dtype), trace), 1)


SUBJECTS = {
    "DeltaCurrent": Subject(lambda b: snn.DeltaCurrent(INPUTS, 1.0, spike_charge=3.0, delay=4.0, batch_size=b), INPUTS),
    "DeltaCurrent without delay": Subject(lambda b: snn.DeltaCurrent(INPUTS, 0.5, spike_charge=3.0, batch_size=b), INPUTS),
    "SingleExponentialCurrent": Subject(
        lambda b: snn.SingleExponentialCurrent(INPUTS, 1.0, spike_charge=3.0, time_constant=5.0, delay=4.0, batch_size=b), INPUTS
    ),
    "DeltaPlusCurrent": Subject(
        lambda b: snn.DeltaPlusCurrent(INPUTS, 1.0, spike_charge=3.0, delay=4.0, interp_mode="linear", batch_size=b), INPUTS
    ),
    "DeltaPlusCurrent without delay": Subject(lambda b: snn.DeltaPlusCurrent(INPUTS, 0.5, spike_charge=3.0, batch_size=b), INPUTS),
    "DoubleExponentialCurrent": Subject(
        lambda b: snn.DoubleExponentialCurrent(INPUTS, 1.0, spike_charge=3.0, tc_decay=5.0, tc_rise=1.0, delay=4.0, batch_size=b), INPUTS
    ),
    "DoubleExponentialCurrent without delay": Subject(
        lambda b: snn.DoubleExponentialCurrent(INPUTS, 0.5, spike_charge=3.0, tc_decay=5.0, tc_rise=1.0, batch_size=b), INPUTS
    ),
    "LIF": Subject(lif, OUTPUTS, spikes=False),
    "ALIF": Subject(alif, OUTPUTS, spikes=False),
    "WinnerALIF": Subject(lambda b: alif(b, snn.WinnerALIF), OUTPUTS, spikes=False),
    "GLIF1": Subject(lambda b: snn.GLIF1(OUTPUTS, 1.0, **MEMBRANE, time_constant=10.0, batch_size=b), OUTPUTS, spikes=False),
    "GLIF2": Subject(lambda b: snn.GLIF2(OUTPUTS, 1.0, rest_v=-65.0, refrac_t=2.0, **SOFT, batch_size=b), OUTPUTS, spikes=False),
    "ExactNeuron": Subject(lambda b: snn.ExactNeuron(OUTPUTS, 1.0, rest_v=-65.0, thresh_v=-50.0, batch_size=b), OUTPUTS, spikes=False),
    "QIF": Subject(lambda b: snn.QIF(OUTPUTS, 1.0, **MEMBRANE, **PARABOLA, time_constant=10.0, batch_size=b), OUTPUTS, spikes=False),
    "Izhikevich": Subject(lambda b: snn.Izhikevich(OUTPUTS, 1.0, **MEMBRANE, **PARABOLA, **CURRENTS, batch_size=b), OUTPUTS, spikes=False),
    "EIF": Subject(lambda b: snn.EIF(OUTPUTS, 1.0, **MEMBRANE, **UPSWING, time_constant=10.0, batch_size=b), OUTPUTS, spikes=False),
    "AdEx": Subject(lambda b: snn.AdEx(OUTPUTS, 1.0, **MEMBRANE, **UPSWING, **CURRENTS, batch_size=b), OUTPUTS, spikes=False),
    "LinearDense": Subject(lambda b: connection(snn.LinearDense, b, delay=None), INPUTS),
    "LinearDense with delays": Subject(lambda b: connection(snn.LinearDense, b, delay=4.0), INPUTS),
    "LinearDense with exponential delays": Subject(lambda b: connection(snn.LinearDense, b, delay=4.0, synapse=EXPONENTIAL), INPUTS),
    "LinearDense with double exponential delays": Subject(lambda b: connection(snn.LinearDense, b, delay=4.0, synapse=DOUBLE), INPUTS),
    "LinearDense with linear delays": Subject(lambda b: connection(snn.LinearDense, b, delay=4.0, synapse=LINEAR), INPUTS),
    "LinearDirect": Subject(lambda b: connection(snn.LinearDirect, b, delay=None), OUTPUTS),
    "LinearDirect with delays": Subject(lambda b: connection(snn.LinearDirect, b, delay=4.0, synapse=EXPONENTIAL), OUTPUTS),
    "LinearLateral": Subject(lambda b: connection(snn.LinearLateral, b, delay=None), OUTPUTS),
    "LinearLateral with delays": Subject(lambda b: connection(snn.LinearLateral, b, delay=4.0, synapse=EXPONENTIAL), OUTPUTS),
    "Conv2D": Subject(lambda b: connection(snn.Conv2D, b, delay=None), IMAGE),
    "Conv2D with delays": Subject(lambda b: connection(snn.Conv2D, b, delay=4.0), IMAGE),
    "Conv2D with exponential delays": Subject(lambda b: connection(snn.Conv2D, b, delay=4.0, synapse=EXPONENTIAL), IMAGE),
    "Serial": Subject(lambda b: snn.Serial(connection(snn.LinearDense, b, delay=4.0), lif(b)), INPUTS),
    "Serial with adaptation": Subject(lambda b: snn.Serial(connection(snn.LinearDense, b, delay=None), alif(b)), INPUTS),
    "Layer": Subject(Recurrent, INPUTS, step=Recurrent.once),
    "Biclique": Subject(
        biclique,
        INPUTS,
        step=lambda model, x: torch.cat(tuple(model({"feed": (x,), "ahead": (x,)}).values()), -1),
    ),
    "RecurrentSerial": Subject(lambda b: recurrent(b, trainable=False), INPUTS, step=lambda model, x: torch.cat(model(x), -1)),
    "RecurrentSerial with trainable feedback": Subject(
        lambda b: recurrent(b, trainable=True), INPUTS, step=lambda model, x: torch.cat(model(x), -1)
    ),
    "traced.Linear": Subject(traced_linear, (1, INPUTS), step=traced_step),
    "traced.Linear with one delay": Subject(lambda b: traced_linear(b, 3.0), (1, INPUTS), step=traced_step),
    "traced.Linear with delays": Subject(lambda b: traced_linear(b, traced_delays((OUTPUTS, INPUTS))), (1, INPUTS), step=traced_step),
    "traced.Linear, its total": Subject(
        lambda b: traced_linear(b, traced_delays((OUTPUTS, INPUTS))), (1, INPUTS), step=snn.traced.Linear.total
    ),
    "traced.Conv2d": Subject(traced_conv, IMAGE, step=traced_step),
    "traced.Conv2d with one delay": Subject(lambda b: traced_conv(b, 3.0), IMAGE, step=traced_step),
    "traced.Conv2d with delays": Subject(lambda b: traced_conv(b, traced_delays(traced_conv(b).shape[1:])), IMAGE, step=traced_step),
    "traced.Conv2d, its total": Subject(
        lambda b: traced_conv(b, traced_delays(traced_conv(b).shape[1:])), IMAGE, step=snn.traced.Conv2d.total
    ),
    "traced Serial": Subject(traced_serial, (1, INPUTS), step=traced_step),
}
