"""Every meeting of a spike with the spikes before it, one by one in plain loops: what tests of rewarded rules are held against.

An event is (step, sample, neuron, input, side, worth): at that step, a postsynaptic ("post") or a presynaptic ("pre") spike met the trace
of the other side, which stood at `worth`.
"""

import math

import torch

TC_POST, TC_PRE = 17.0, 9.0


def pair_events(pre, post, delay=None, mode="cumulative", *, delayed=False, step_time=1.0, kind="dense"):
    """All events of both trains, steps x batch x size; `delay` is N x M, read as of the first whole step at or after it."""
    (steps, batch, inputs), pre, post = pre.shape, pre.tolist(), post.tolist()
    events = []
    for b in range(batch):
        for n in range(len(post[0][0])):
            for m in range(inputs):
                if (kind == "direct" and n != m) or (kind == "lateral" and n == m):
                    continue
                d = 0.0 if delay is None else delay[n, m].item() / step_time
                late = math.ceil(d - 1e-9)
                extra = late - d if delayed else 0.0
                arrivals = [t + late for t in range(steps) if pre[t][b][m] and t + late < steps]
                spikes = [t for t in range(steps) if post[t][b][n]]
                for side, own, other, tau, more in (("post", spikes, arrivals, TC_PRE, extra), ("pre", arrivals, spikes, TC_POST, 0.0)):
                    for t in own:
                        met = [s for s in other if s <= t]
                        met = met[-1:] if mode == "nearest" else met
                        worth = sum(math.exp(-(t - s + more) * step_time / tau) for s in met)
                        if met:
                            events.append((t, b, n, m, side, worth))
    return events


def kept(events, steps, tc_eligibility, step_time=1.0):
    """The same where every event is remembered: at each later step it is worth exp(−Δt/τ_z)/τ_z of what it was."""
    return [
        (later, *where, worth * math.exp(-(later - t) * step_time / tc_eligibility) / tc_eligibility)
        for t, *where, worth in events
        for later in range(t, steps)
    ]


def parts(events, shape, rates, signals):
    """What is added and what is taken away over a run, as magnitudes.

    `shape` is that of the weights, (N,) of a direct connection; `rates` those of "post" and "pre"; `signals` one a step, or steps x batch.
    """
    signals = signals if isinstance(signals, list) else signals.tolist()
    each = isinstance(signals[0], list)
    sums = {}
    for t, b, n, m, side, worth in events:
        change = rates[side] * (signals[t][b] if each else signals[t]) * worth
        where = (change >= 0, n, m)
        sums[where] = sums.get(where, 0.0) + abs(change)
    pos, neg = torch.zeros(2, *shape, dtype=torch.float64)
    for (adds, n, m), total in sums.items():
        (pos if adds else neg)[(n, m) if len(shape) == 2 else (n,)] = total
    return pos, neg


def rewards(steps, batch, seed=9):
    """Rewards, punishments and nothing at all, one a step and sample."""
    drawn = torch.randn(steps, batch, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    drawn[::4] = 0.0
    drawn[1::8] = drawn[1::8].abs()
    return drawn


def run(layer, rule, pre, post, signals, scale=None):
    """Runs a rule over both trains, and returns what is pending: pos and neg, zeros where there is nothing."""
    rule.register_cell("only", layer.cell)
    for arriving, leaving, signal in zip(pre, post, signals, strict=True):
        layer(arriving, neuron_kwargs={"script": leaving})
        rule(signal) if scale is None else rule(signal, scale)
    accumulator = layer.updater.weight
    rest = torch.zeros_like(layer.connection.weight.detach())
    return tuple(rest if part is None else part for part in (accumulator.pos, accumulator.neg))
