"""What is drawn over time: Series and arrays, samples, axes, units."""

import numpy as np
import pytest
import torch

from snnlab.core.recording import Series
from snnlab.plots import currents, phase_plane, raster, traces, voltages
from snnlab.plots.timeline import timeline

SHAPED = np.arange(5 * 2 * 3 * 4).reshape(5, 2, 3, 4)


def series(unit="mV", shape=(2, 3), steps=4, name="exc.voltage", dt=0.5, start=10.0):
    axes = ("time", "batch", *(f"axis {i}" for i in range(len(shape) - 1)))
    values = torch.arange(float(steps * np.prod(shape))).reshape(steps, *shape)
    return Series(name, values, axes, start + torch.arange(steps) * dt, dt, unit)


def test_a_series_brings_its_step_time_and_its_start():
    assert voltages(series()).lines[0].get_xdata().tolist() == [10.0, 10.5, 11.0, 11.5]
    assert currents(series("nA")).lines[0].get_xdata().tolist() == [10.0, 10.5, 11.0, 11.5]
    assert traces(series("Hz")).lines[0].get_xdata().tolist() == [10.0, 10.5, 11.0, 11.5]
    fired = Series("exc.spike", torch.tensor([[[True]], [[False]], [[True]]]), ("time", "batch", "n"), torch.tensor([3.0, 5.0, 7.0]), 2.0)
    assert raster(fired).lines[0].get_xdata().tolist() == [3.0, 7.0]


def test_without_a_sample_named_a_series_shows_the_first():
    # values count up over time x batch x neuron = 4 x 2 x 3: sample 0 holds 0, 1, 2 and then 6, 7, 8; sample 1 starts at 3.
    assert [line.get_ydata()[1] for line in voltages(series()).lines] == [6.0, 7.0, 8.0]
    assert [line.get_ydata()[0] for line in voltages(series(), sample=1).lines] == [3.0, 4.0, 5.0]


def test_a_batch_of_an_array_is_refused_unless_a_sample_is_named():
    batch = np.arange(24.0).reshape(4, 2, 3)
    for plot in (voltages, currents, traces, raster):
        with pytest.raises(ValueError, match=r"but is of shape \(4, 2, 3\)\. Pick one sample of the batch first, with sample=0\."):
            plot(batch)
        plot(batch, sample=0)
        with pytest.raises(ValueError, match=r"but is of shape \(4,\)\. For a single neuron, write x\[:, None\]"):
            plot(batch[:, 0, 0])
        plot(batch[:, 0, 0][:, None])
    assert [line.get_ydata()[0] for line in voltages(batch, sample=1).lines] == [3.0, 4.0, 5.0]


def test_several_neuron_axes_become_one_in_reading_order():
    assert timeline("x", SHAPED, sample=1).values.tolist() == SHAPED[:, 1].reshape(5, 12).tolist()
    assert timeline("x", series(shape=(2, 3, 4)), sample=1).values[0].tolist() == list(range(12, 24))
    assert [text.get_text() for text in traces(SHAPED, sample=0, neurons=[4, 11]).get_legend().get_texts()] == ["neuron 4", "neuron 11"]
    assert raster(SHAPED > 0, sample=0).get_ylim() == (-0.5, 11.5)


def test_a_series_of_one_sample_or_of_one_neuron_can_be_drawn():
    assert len(voltages(series().sample(1)).lines) == 3
    one = Series("v", torch.zeros(4), ("time",), torch.arange(4.0), 1.0, "mV")
    assert len(voltages(one).lines) == 1


def test_only_the_named_neurons_are_drawn():
    ax = voltages(np.array([[0.0, 10.0, 20.0]]), neurons=[2, 0])
    assert [line.get_ydata().tolist() for line in ax.lines] == [[20.0], [0.0]]
    with pytest.raises(IndexError, match=r"neurons must be numbers from 0 to 2, but are \[3\]"):
        voltages(np.zeros((1, 3)), neurons=[3])


def test_a_sample_that_is_not_there_is_refused():
    with pytest.raises(IndexError, match="sample must be from 0 to 1, as voltages hold a batch of 2, but is 2"):
        voltages(np.zeros((4, 2, 3)), sample=2)
    with pytest.raises(IndexError, match=r"below 2, the batch size of 'exc\.voltage'"):
        voltages(series(), sample=2)
    with pytest.raises(ValueError, match=r"spikes must be T x B x \*shape for a sample, but is of shape \(3,\)"):
        raster(np.zeros(3), sample=0)


@pytest.mark.parametrize(("plot", "unit", "wish"), [(currents, "mV", "in nA"), (voltages, "nA", "in mV"), (raster, "mV", "without a unit")])
def test_a_series_of_another_unit_is_refused(plot, unit, wish):
    with pytest.raises(ValueError, match=f"must be {wish}, but 'exc.voltage' is in {unit}"):
        plot(series(unit))


def test_a_step_time_beside_a_series_must_be_its_own():
    with pytest.raises(ValueError, match=r"step_time of 'exc\.voltage' is 0\.5 ms, and must not be given as 1 ms\. Leave step_time out"):
        voltages(series(), 1.0)
    with pytest.raises(ValueError, match=r"start of 'exc\.voltage' is 10 ms, and must not be given as 0 ms"):
        voltages(series(), start=0.0)
    voltages(series(), 0.5, start=10.0)


def test_a_phase_plane_takes_series_of_one_neuron():
    adaptation = series("nA", name="exc.adaptation")
    ax = phase_plane(series(), adaptation, sample=1, neuron=2)
    assert ax.lines[0].get_xdata().tolist() == [5.0, 11.0, 17.0, 23.0]
    with pytest.raises(ValueError, match=r"voltages must be of one neuron, but are of 3\. Say which with neuron=0"):
        phase_plane(series(), adaptation)
    with pytest.raises(ValueError, match=r"adaptations must be in nA, but 'exc\.voltage' is in mV"):
        phase_plane(series(), series(), neuron=0)
