"""The window of a learning rule: what a pair of spikes changes, as a function of the time between the two.

    window(Δt) = change of the parameter by a presynaptic spike at t and a postsynaptic spike at t + Δt

It is not worked out from an equation but measured, as at a patch clamp: synapses that know nothing of each other, one a lag, are given
their two spikes, the rule sees every step, and what has become of each is compared with what it was. So the call is the same for every
rule, also for one of your own.

A rule that works at spikes alone is done with the later spike. One that goes on at every step, as those of spike-time differences do, goes
on for as long as `settle` says, and its window grows with it. One that compares a synapse with the other inputs, as `Competitive` does, or
with all of the time, as homeostasis, is no rule of pairs: measured one lag at a time, it shows what it makes of them all the same.

Reference: Bi & Poo, J. Neurosci. 18:10464 (1998), who first measured such a window over the whole range of lags.
"""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from snnlab.connections import LinearDirect
from snnlab.core import checks
from snnlab.learning.base import CellTrainer
from snnlab.network import Serial
from snnlab.neurons import ExactNeuron
from snnlab.synapses import DeltaCurrent

NAME = "synapses of a window"


@torch.no_grad()
def window(
    rule: CellTrainer,
    lags: float | Iterable[float] | Tensor,
    *signals: Any,
    step_time: float = 1.0,
    parameter: str = "weight",
    weight: float = 0.5,
    delay: float | None = None,
    pairs: int = 1,
    period: float = 1000.0,
    settle: float = 0.0,
) -> Tensor:
    """Measures what a rule makes of pairs of spikes, for each lag at a synapse of its own.

    The rule's settings are read and its own cells are left alone.

    Args:
        rule: any rule, with or without cells.
        lags: times from the presynaptic spike to the postsynaptic one, whole steps; below 0 the postsynaptic spike is first. A number is
            one lag.
        *signals: what the rule is called with at every step, such as the reward of `MSTDP`.
        step_time: length of a step, above 0.
        parameter: what to look at, "weight" or "delay".
        weight: every synapse's weight at first.
        delay: every synapse's delay at first; None for none, or for 20 steps where delays are looked at. A lag is counted from where the
            presynaptic spike sets out; it arrives this much later.
        pairs: how many pairs are given, one after another.
        period: from pair to pair, longer than the greatest lag or delay.
        settle: time after the last spike, 0 or above.

    Units:
        lags, step_time, delay, period, settle: ms;  changes: weight, or ms

    Shape:
        lags: (K,)  ->  changes: (K,)

    Returns:
        the change of the parameter at each lag, float64.

    Raises:
        ValueError: no lags, or such as are no whole steps; a number out of its range.
        TypeError: the rule is no rule, or wants signals.
        RuntimeError: the rule does not train the parameter, or is in evaluation mode.

    Example:
        >>> window(snn.STDP(0.01, -0.005, tc_post=20.0, tc_pre=20.0), [-20.0, 20.0])  # −0.005/e and 0.01/e
        tensor([-0.0018,  0.0037], dtype=torch.float64)
    """
    if not isinstance(rule, CellTrainer):
        raise TypeError(f"rule must be a learning rule, such as snn.STDP(0.01, -0.01, 20.0, 20.0), but is {rule!r}.")
    if not rule.training:
        raise RuntimeError("rule is in evaluation mode, in which it changes nothing. Call rule.train() first.")
    _check_trained(rule, checks.one_of("parameter", parameter, ("weight", "delay")))
    step_time = checks.positive("step_time", step_time, "ms")
    ahead = _steps_of(lags, step_time)
    if parameter == "delay" and delay is None:
        delay = 20 * step_time
    delay = None if delay is None else checks.not_negative("delay", delay, "ms")
    pre, post = _trains(ahead, step_time, delay or 0.0, checks.whole("pairs", pairs), period, settle)
    layer = _synapses(len(ahead), step_time, checks.number("weight", weight), delay)
    rule.register_cell(NAME, layer.cell)
    try:
        before = getattr(layer.connection, parameter).clone()
        for arriving, leaving in zip(pre, post, strict=True):
            layer(arriving, neuron_kwargs={"override": leaving})
            rule(*signals, cells=[NAME])
            layer.update()
    finally:
        rule.del_cell(NAME)
    return (getattr(layer.connection, parameter) - before).detach()


def _check_trained(rule: CellTrainer, parameter: str) -> None:
    trained = rule.trained(rule)
    if parameter not in trained:
        say = f' Say parameter="{trained[0]}".' if trained[0] in ("weight", "delay") else ""
        raise RuntimeError(f"{type(rule).__name__} trains {' and '.join(trained)}, but the window is of {parameter}.{say}")


def _steps_of(lags: float | Iterable[float] | Tensor, step_time: float) -> Tensor:
    """Lags in whole steps; a number is a row of one."""
    listed = list(lags) if isinstance(lags, Iterable) and not isinstance(lags, Tensor) else lags
    try:
        values = torch.as_tensor(listed, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"lags must be times in ms, such as range(-50, 51, 5), but are {lags!r}.") from None
    values = checks.finite("lags", values.view(1) if values.dim() == 0 else values)
    if values.dim() != 1 or not len(values):
        raise ValueError(f"lags must be a row of times in ms, K, but are of shape {tuple(values.shape)}.")
    steps = (values / step_time).round()
    off = (steps * step_time - values).abs() > 1e-4 * step_time
    if off.any():
        raise ValueError(f"lags must be whole steps of {step_time:g} ms, but one is {values[off][0].item():g} ms. Lower step_time.")
    return steps.long()


def _trains(ahead: Tensor, step_time: float, delay: float, pairs: int, period: float, settle: float) -> tuple[Tensor, Tensor]:
    """Spikes of both sides, steps x 1 x lags. The later spike of every last pair falls on one step, so that all settle for as long."""
    late, gap = math.ceil(delay / step_time - 1e-6), round(checks.positive("period", period, "ms") / step_time)
    last = ahead.clamp(min=late)  # when both have come, from the presynaptic spike on
    span = int((last - ahead.clamp(max=0)).max())
    if pairs > 1 and gap <= span:
        raise ValueError(f"period must be longer than a pair takes, {span * step_time:g} ms, but is {period:g} ms.")
    rest = math.ceil(checks.not_negative("settle", settle, "ms") / step_time - 1e-6)
    steps, place = (pairs - 1) * gap + span + 1 + rest, torch.arange(len(ahead))
    pre, post = torch.zeros(2, steps, 1, len(ahead), dtype=torch.bool)
    for start in range(0, pairs * gap, gap):
        pre[start + span - last, 0, place] = True
        post[start + span - last + ahead, 0, place] = True
    return pre, post


def _synapses(count: int, step_time: float, weight: float, delay: float | None) -> Serial:
    """One synapse a lag, each onto a neuron of its own that spikes as it is told, in double precision."""
    connection = LinearDirect(
        count,
        step_time,
        synapse=DeltaCurrent.partialconstructor(1.0),
        delay=None if delay is None else max(2 * delay, step_time),  # room to grow
        weight_init=lambda default: torch.full_like(default, weight),
        delay_init=None if delay is None else lambda default: torch.full_like(default, delay),
    ).to(torch.float64)
    connection.defaultupdater()
    return Serial(connection, ExactNeuron(count, step_time, rest_v=-65.0, thresh_v=-50.0))
