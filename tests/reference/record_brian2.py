"""Records spike trains of small networks in Brian2, for tests/test_brian2.py and tests/test_cuba.py to compare with.

Brian2 is no dependency of the project; it gets an environment of its own, outside the repository:

    python3 -m venv /tmp/brian2env && /tmp/brian2env/bin/pip install brian2==2.9.0 numpy==2.2.6
    /tmp/brian2env/bin/python tests/reference/record_brian2.py                 (the small networks: a minute)
    /tmp/brian2env/bin/python tests/reference/record_brian2.py cuba            (the CUBA network: some minutes)

Each network becomes one file beside this script, with everything that it takes to run it again: settings, weights, delays, inputs, and
what came out. Brian2 2.9.0 wrote the files that lie here, in double precision, with prefs.codegen.target = "numpy" (each file names its
version). All that is random is drawn with NumPy.

How one step lines up
---------------------
Brian2 goes through a step k in this order: groups (state updaters), thresholds, synapses, resets. What a synapse adds at step k is
therefore first integrated in the groups slot of step k + 1. snnlab lets the synapse take its input first, then integrates, so what
arrives at step t is integrated at step t. From this follow two rules:

    recurrent   a cell spikes at step k, its synapse has a delay of d steps.
                Brian2: delivered in the synapses slot of k + d, integrated at k + d + 1.
                snnlab: the spikes of step k are the input of step k + 1, and arrive at k + 1 + d.       -> the same d in both
    input       an input spike of step t in the file, a delay of d steps.
                snnlab: arrives at t + d.
                Brian2: a spike that the generator emits at j is integrated at j + d + 1.                -> it emits at j = t - 1

All input spikes lie at t >= 1, so that there is such a step j.

    synapse     In both libraries a neuron sees a current that is constant over a step.
                delta        `pulse`, which is set to 0 after each integration; each arrival adds w Q/dt
                exponential  `pulse`, which is multiplied by exp(-dt/tau) after each integration; each arrival adds w Q/tau
    refractory  A spike at step k with n refractory steps: both hold the voltage still at k + 1 ... k + n - 1 and integrate again at k + n.
    adaptation  of AdEx and Izhikevich neurons, after integration and threshold, with the voltage of this step:
                    w_k <- w_k + dt/tau_k (a_k (v - rest) - w_k)   where neither refractory nor just spiked, then
                    w_k <- w_k + b_k                               where spiked.
                Brian2 clears `not_refractory` of a cell as it spikes, so the first line is a run_regularly after the thresholds, and the
                second belongs to the reset. Without any refractory time, cells that have just spiked take part in the first line too, with
                the voltage they are about to be reset to.

Voltages are numbers in mV, currents in nA, resistances in megaohm, charges in pC: equations without unit conversion, as in snnlab.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent

MEMBRANE = {
    "LIF": "dv/dt = (-(v - rest_v) + resistance*(bias + pulse))/tau : 1",
    "AdEx": "dv/dt = (-(v - rest_v) + sharpness*exp((v - rheobase_v)/sharpness) + resistance*(bias + pulse - w_0 - w_1))/tau : 1",
    "Izhikevich": "dv/dt = (affinity*(v - rest_v)*(v - crit_v) + resistance*(bias + pulse - w_0 - w_1))/tau : 1",
}

NETWORKS = {
    "lif_delta": {
        "model": "LIF",
        "neuron": {"rest_v": -65.0, "reset_v": -63.0, "thresh_v": -50.0, "refrac_t": 3.0, "time_constant": 15.0, "resistance": 10.0},
        "synapse": {"spike_charge": 2.0},
        "step_time": 1.0,
        "duration": 1000.0,
        "bias": (0.9, 1.7),
        "longest": 20,
    },
    "lif_exponential": {
        "model": "LIF",
        "neuron": {"rest_v": -70.0, "reset_v": -70.0, "thresh_v": -52.0, "refrac_t": 2.0, "time_constant": 20.0, "resistance": 12.0},
        "synapse": {"spike_charge": 5.0, "time_constant": 5.0},
        "step_time": 0.5,
        "duration": 600.0,
        "bias": (0.9, 1.8),
        "longest": 24,
    },
    "adex": {
        "model": "AdEx",
        "neuron": {
            "rest_v": -65.0,
            "rheobase_v": -52.0,
            "sharpness": 2.0,
            "reset_v": -62.0,
            "thresh_v": -35.0,
            "refrac_t": 1.5,
            "tc_membrane": 12.0,
            "tc_adaptation": [120.0, 25.0],
            "voltage_coupling": [0.006, -0.002],
            "spike_increment": [0.08, 0.15],
            "resistance": 12.0,
        },
        "synapse": {"spike_charge": 2.5, "time_constant": 4.0},
        "step_time": 0.1,
        "duration": 500.0,
        "bias": (1.0, 2.2),
        "longest": 60,
    },
    "izhikevich": {
        "model": "Izhikevich",
        "neuron": {
            "rest_v": -65.0,
            "crit_v": -50.0,
            "affinity": 0.25,
            "reset_v": -58.0,
            "thresh_v": 0.0,
            "refrac_t": 0.0,
            "tc_membrane": 12.0,
            "tc_adaptation": [60.0, 10.0],
            "voltage_coupling": [0.01, 0.004],
            "spike_increment": [0.12, -0.05],
            "resistance": 15.0,
        },
        "synapse": {"spike_charge": 2.5},
        "step_time": 0.25,
        "duration": 500.0,
        "bias": (0.9, 2.0),
        "longest": 40,
    },
}


def draw(network: dict, seed: int, neurons: int = 30, channels: int = 12, rate: float = 25.0) -> dict:
    """The random part of a network: half of all synapses exist, one cell in five inhibits, delays are whole steps.

    Weights and biases are numbers of single precision, so that the file is small; both libraries calculate with them in double precision.
    """
    random = np.random.default_rng(seed)
    steps = round(network["duration"] / network["step_time"])
    inputs = random.random((steps, channels)) < rate * network["step_time"] / 1000
    inputs[0] = False
    signs = np.where(random.random(neurons) < 0.2, -2.0, 1.0)
    lateral = random.uniform(0.2, 1.0, (neurons, neurons)) * signs * (random.random((neurons, neurons)) < 0.5)
    np.fill_diagonal(lateral, 0.0)
    return {
        "steps": steps,
        "inputs": np.argwhere(inputs).astype(np.uint16),
        "input_weight": (random.uniform(0.5, 2.0, (neurons, channels)) * (random.random((neurons, channels)) < 0.5)).astype(np.float32),
        "input_delay": random.integers(0, network["longest"] + 1, (neurons, channels), dtype=np.uint8),
        "lateral_weight": lateral.astype(np.float32),
        "lateral_delay": random.integers(0, network["longest"] + 1, (neurons, neurons), dtype=np.uint8),
        "bias": random.uniform(*network["bias"], neurons).astype(np.float32),
    }


def simulate(network: dict, drawn: dict) -> dict:
    """Runs a network in Brian2: its spikes as (step, neuron), sorted, and voltages and adaptations after the last step."""
    import brian2 as b2  # here, not above: the project's own environment, whose pytest looks into this file, has no Brian2

    b2.prefs.codegen.target = "numpy"
    b2.start_scope()
    step = b2.defaultclock.dt = network["step_time"] * b2.ms
    neuron, synapse = dict(network["neuron"]), network["synapse"]
    adaptations = range(len(neuron.get("tc_adaptation", ())))
    constants = {name: value for name, value in neuron.items() if not isinstance(value, list)}
    constants["tau"] = constants.pop("time_constant", None) or constants.pop("tc_membrane")
    constants["tau"] *= b2.ms
    for k in adaptations:
        constants |= {f"tau_{k}": neuron["tc_adaptation"][k] * b2.ms, f"a_{k}": neuron["voltage_coupling"][k]}
        constants |= {f"b_{k}": neuron["spike_increment"][k]}

    rests = neuron["refrac_t"] > 0
    membrane = MEMBRANE[network["model"]] + (" (unless refractory)" if rests else "")
    group = b2.NeuronGroup(
        len(drawn["bias"]),
        "\n".join([membrane, "bias : 1 (constant)", "pulse : 1", *(f"w_{k} : 1" for k in adaptations)]),
        threshold="v >= thresh_v",
        reset="\n".join(["v = reset_v", *(f"w_{k} += b_{k}" for k in adaptations)]),
        refractory=neuron["refrac_t"] * b2.ms if rests else False,
        method="exact" if network["model"] == "LIF" else "euler",
        namespace=constants,
    )
    group.v, group.bias = neuron["rest_v"], drawn["bias"].astype(np.float64)
    decay = math.exp(-network["step_time"] / synapse["time_constant"]) if "time_constant" in synapse else 0.0
    fade = group.run_regularly(f"pulse *= {decay!r}", dt=step, when="after_groups")
    share, after = "int(not_refractory)*dt" if rests else "dt", "v + int(v >= thresh_v)*(reset_v - v)"
    adapt = [
        group.run_regularly(f"w_{k} += {share}/tau_{k}*(a_{k}*({after} - rest_v) - w_{k})", dt=step, when="after_thresholds")
        for k in adaptations
    ]
    steps, channels = drawn["inputs"].T.astype(int)
    generator = b2.SpikeGeneratorGroup(drawn["input_weight"].shape[1], channels, (steps - 1) * step, dt=step)
    amplitude = synapse["spike_charge"] / synapse.get("time_constant", network["step_time"])
    synapses = []
    for source, name in ((generator, "input"), (group, "lateral")):
        post, pre = drawn[f"{name}_weight"].nonzero()
        each = b2.Synapses(source, group, "weight : 1 (constant)", on_pre="pulse_post += weight")
        each.connect(i=pre, j=post)
        each.weight = drawn[f"{name}_weight"][post, pre].astype(np.float64) * amplitude
        each.delay = drawn[f"{name}_delay"][post, pre].astype(int) * step
        synapses.append(each)
    monitor = b2.SpikeMonitor(group)
    b2.Network(group, fade, *adapt, generator, *synapses, monitor).run(drawn["steps"] * step)
    adaptation = np.stack([np.asarray(getattr(group, f"w_{k}")) for k in adaptations], axis=1) if adaptations else np.zeros(0)
    return {
        "spikes": sorted_spikes(monitor, step),
        "voltage": np.asarray(group.v),
        "adaptation": adaptation,
        "version": b2.__version__,
    }


def sorted_spikes(monitor: object, step: object) -> np.ndarray:
    """What a SpikeMonitor saw, as rows of (step, neuron)."""
    rows = np.stack([np.round(np.asarray(monitor.t / step)), np.asarray(monitor.i)], axis=1).astype(np.uint16)
    return rows[np.lexsort((rows[:, 1], rows[:, 0]))]


def record_small() -> None:
    """Writes one file a small network."""
    for seed, (name, network) in enumerate(NETWORKS.items()):
        drawn = draw(network, seed)
        result = simulate(network, drawn)
        path = FOLDER / f"{name}.npz"
        np.savez_compressed(path, network=json.dumps(network), **drawn, **result)
        counts = np.bincount(result["spikes"][:, 1], minlength=len(drawn["bias"]))
        print(f"{path.name}: {len(result['spikes'])} spikes, {counts.min()} to {counts.max()} a neuron, {path.stat().st_size} bytes")


def cuba_rate(neurons: int, duration: float, seed: int) -> float:
    """Mean rate, in Hz, of the current-based network of Brette et al. (2007), benchmark 2, as its equations are printed there.

    With fewer neurons than 4,000, each still has 80 inputs on average, which leaves its mean drive as it was.
    """
    import brian2 as b2

    b2.prefs.codegen.target = "numpy"
    b2.start_scope()
    b2.seed(seed)
    b2.defaultclock.dt = 0.1 * b2.ms
    equations = """
    dv/dt = (ge + gi - (v + 49*mV))/(20*ms) : volt (unless refractory)
    dge/dt = -ge/(5*ms) : volt
    dgi/dt = -gi/(10*ms) : volt
    """
    group = b2.NeuronGroup(neurons, equations, threshold="v > -50*mV", reset="v = -60*mV", refractory=5 * b2.ms, method="exact")
    group.v = "-60*mV + rand()*10*mV"
    excitatory = b2.Synapses(group, group, on_pre="ge += 1.62*mV")
    excitatory.connect("i < 0.8*N_pre", p=80 / neurons)
    inhibitory = b2.Synapses(group, group, on_pre="gi -= 9*mV")
    inhibitory.connect("i >= 0.8*N_pre", p=80 / neurons)
    monitor = b2.SpikeMonitor(group, record=False)
    b2.Network(group, excitatory, inhibitory, monitor).run(duration * b2.ms)
    return monitor.num_spikes / neurons / (duration / 1000)


def cuba_spikes(neurons: int, duration: float, seed: int) -> dict:
    """The same network with the arithmetic of snnlab, where a step integrates a held current: connections, first voltages and spikes.

    Spikes have no delay, so one of step k is integrated at step k + 1 in both libraries (see above).
    """
    import brian2 as b2

    b2.prefs.codegen.target = "numpy"
    b2.start_scope()
    step = b2.defaultclock.dt = 0.1 * b2.ms
    random = np.random.default_rng(seed)
    connected = random.random((neurons, neurons)) < 80 / neurons  # (to, from)
    voltage = random.uniform(-60, -50, neurons).astype(np.float32)
    equations = "dv/dt = (ge + gi - (v + 49))/(20*ms) : 1 (unless refractory)\nge : 1\ngi : 1"
    group = b2.NeuronGroup(neurons, equations, threshold="v >= -50", reset="v = -60", refractory=5 * b2.ms, method="exact")
    group.v = voltage.astype(np.float64)
    fade = group.run_regularly("ge *= exp(-dt/(5*ms))\ngi *= exp(-dt/(10*ms))", dt=step, when="after_groups")
    excites = np.arange(neurons) < 0.8 * neurons
    synapses = []
    for sources, effect in ((excites, "ge += 1.62"), (~excites, "gi -= 9")):
        post, pre = (connected & sources).nonzero()
        each = b2.Synapses(group, group, on_pre=effect)
        each.connect(i=pre, j=post)
        synapses.append(each)
    monitor = b2.SpikeMonitor(group)
    b2.Network(group, fade, *synapses, monitor).run(duration * b2.ms)
    return {"connected": np.packbits(connected), "first_voltage": voltage, "spikes": sorted_spikes(monitor, step)}


def record_cuba() -> None:
    """Writes the CUBA network's rates, over one second and over its first 50 ms, and the spikes of one with 500 neurons."""
    import brian2 as b2

    rates = {
        "rates_1000_ms": [cuba_rate(4000, 1000.0, seed) for seed in range(10)],
        "rates_50_ms": [cuba_rate(4000, 50.0, seed) for seed in range(20)],
    }
    small = cuba_spikes(500, 300.0, seed=0)
    np.savez_compressed(FOLDER / "cuba.npz", **rates, **small, version=b2.__version__)
    for name, values in rates.items():
        print(f"cuba, {name}: mean {np.mean(values):.3f} Hz, sd {np.std(values, ddof=1):.3f}, {np.round(values, 2)}")
    print(f"cuba, 500 neurons: {len(small['spikes'])} spikes; {(FOLDER / 'cuba.npz').stat().st_size} bytes")


if __name__ == "__main__":
    record_cuba() if "cuba" in sys.argv[1:] else record_small()
