"""A recording: axes with names, times, units, and files that numpy reads."""

import dataclasses

import numpy as np
import pytest
import torch

import snnlab as snn

AXES = ("time", "batch", "neuron")


def series(name="neuron.voltage", steps=4, batch=3, size=2, unit="mV", step_time=0.5):
    values = torch.arange(float(steps * batch * size)).reshape(steps, batch, size)
    return snn.Series(name, values, AXES, torch.arange(steps) * step_time, step_time, unit)


def spikes(steps=4):
    return snn.Series("spikes", torch.ones(steps, 3, 2, dtype=torch.bool), AXES, torch.arange(steps) * 0.5, 0.5)


# ------------------------------------------------------------------------------------------------------------------------ a series


def test_a_series_shows_its_axes_its_unit_and_its_times():
    assert repr(series()) == "Series(neuron.voltage, mV: time 4 x batch 3 x neuron 2, from 0 to 1.5 ms)"
    assert repr(spikes()) == "Series(spikes: time 4 x batch 3 x neuron 2, from 0 to 1.5 ms)"
    assert repr(series(steps=0)) == "Series(neuron.voltage, mV: time 0 x batch 3 x neuron 2, no step)"


def test_a_sample_has_no_batch_axis_and_keeps_the_rest():
    one = series().sample(1)
    assert one.axes == ("time", "neuron")
    assert one.values.tolist() == [[2.0, 3.0], [8.0, 9.0], [14.0, 15.0], [20.0, 21.0]]
    assert (one.name, one.unit, one.step_time, one.times.tolist()) == ("neuron.voltage", "mV", 0.5, [0.0, 0.5, 1.0, 1.5])
    assert torch.equal(series().sample(-1).values, series().sample(2).values)


def test_a_sample_that_is_not_there_is_refused():
    with pytest.raises(IndexError, match=r"index must be below 3, the batch size of 'neuron.voltage', but is 3"):
        series().sample(3)
    with pytest.raises(ValueError, match="index must be a whole number of at least -3, but is -4"):
        series().sample(-4)
    with pytest.raises(TypeError, match="index must be a whole number, but is True"):
        series().sample(True)
    with pytest.raises(ValueError, match=r"'neuron\.voltage' has no batch axis to pick a sample of, but time, neuron"):
        series().sample(0).sample(0)


def test_numpy_takes_it_as_an_array():
    assert np.asarray(series()).dtype == np.float32
    assert np.asarray(series(), dtype=np.float64).dtype == np.float64
    assert np.array_equal(np.asarray(series()), np.arange(24.0).reshape(4, 3, 2))
    assert np.nonzero(spikes().sample(0))[0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    copied, one = np.array(series().sample(0)), series()
    copied[:] = -1
    assert (np.asarray(one) >= 0).all()


def test_numpy_takes_it_also_where_it_carries_a_graph():
    values = torch.ones(2, 1, 1, requires_grad=True) * 2
    one = snn.Series("spikes", values, AXES, torch.arange(2.0), 1.0)
    assert np.asarray(one).tolist() == [[[2.0]], [[2.0]]]
    assert one.values.requires_grad


@pytest.mark.parametrize("make", [torch.as_tensor, torch.asarray, torch.tensor])
def test_torch_makes_a_tensor_of_it_cut_from_its_graph(make):
    for one in (series(), spikes(), snn.Series("spikes", torch.ones(2, 1, 1, requires_grad=True) * 2, AXES, torch.arange(2.0), 1.0)):
        made = make(one)
        assert torch.equal(made, one.values)
        assert (made.dtype, made.requires_grad) == (one.values.dtype, False)
    assert make(series(), dtype=torch.float64).dtype == torch.float64


def test_it_has_a_length_a_shape_steps_and_a_start():
    one = series()
    assert (len(one), tuple(one.shape), one.start) == (4, (4, 3, 2), 0.0)
    assert torch.equal(one[2], one.values[2])
    late = dataclasses.replace(one, times=one.times + 10.0)
    assert late.start == 10.0
    assert late.sample(0).start == 10.0


def test_a_series_is_not_changed_by_setting():
    with pytest.raises(dataclasses.FrozenInstanceError):
        series().unit = "nA"


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"axes": ("batch", "time", "neuron")}, ValueError, "must be names that differ, 'time' first, but are"),
        ({"axes": ("time", "neuron", "neuron")}, ValueError, "must be names that differ"),
        ({"axes": ()}, ValueError, "must be names that differ"),
        ({"axes": ("time", "batch")}, ValueError, r"must name 3 axes for values of shape \(4, 3, 2\), but are \('time', 'batch'\)"),
        ({"times": torch.arange(3.0)}, ValueError, r"times must be of shape \(4,\) \(T\), but is of shape \(3,\)"),
        ({"times": [0.0, 1.0]}, TypeError, "times must be a torch.Tensor"),
        ({"values": [1.0]}, TypeError, "values must be a torch.Tensor"),
        ({"step_time": 0.0}, ValueError, "step_time must be above 0 ms"),
        ({"name": ""}, ValueError, "name must be a string that is not empty"),
    ],
)
def test_a_series_that_cannot_be_is_refused(change, error, words):
    with pytest.raises(error, match=words):
        dataclasses.replace(series(), **change)


# --------------------------------------------------------------------------------------------------------------------- a recording


def test_a_recording_is_a_mapping_of_series():
    voltage, spike = series(), spikes()
    recording = snn.Recording([spike, voltage])
    assert list(recording) == ["spikes", "neuron.voltage"]
    assert len(recording) == 2
    assert recording["spikes"] is spike
    assert "neuron.voltage" in recording
    assert "voltage" not in recording
    assert recording.get("voltage") is None
    assert recording.dt == 0.5
    assert recording.times.tolist() == [0.0, 0.5, 1.0, 1.5]
    assert {name: array.shape for name, array in recording.numpy().items()} == {"spikes": (4, 3, 2), "neuron.voltage": (4, 3, 2)}


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(KeyError, match=r"There is no series 'voltage' in the recording; there is: spikes, neuron\.voltage"):
        snn.Recording([spikes(), series()])["voltage"]


def test_a_recording_shows_what_it_holds():
    assert repr(snn.Recording([spikes(), series()])).splitlines() == [
        "Recording of 4 steps of 0.5 ms:",
        "  spikes          time 4 x batch 3 x neuron 2, bool",
        "  neuron.voltage  time 4 x batch 3 x neuron 2, mV",
    ]


@pytest.mark.parametrize(
    ("each", "words"),
    [
        ([], "series must hold at least one Series, but is empty"),
        ([spikes(), spikes()], "The name 'spikes' is there twice"),
        ([series("times")], "The name 'times' is kept for the file, as are file, times, about"),
        ([series("file")], "The name 'file' is kept for the file"),
        ([spikes(), series(steps=5)], "'neuron.voltage' must have the steps and times of 'spikes', but has others"),
        ([spikes(), series(step_time=0.25)], "must have the steps and times of 'spikes'"),
    ],
)
def test_series_that_do_not_fit_are_refused(each, words):
    with pytest.raises(ValueError, match=words):
        snn.Recording(each)


@pytest.mark.parametrize("name", ["run.npz", "run", "run.v2"])
def test_a_saved_recording_comes_back_whole(tmp_path, name):
    recording = snn.Recording([spikes(), series(), series("neurons.exc.voltage")])
    recording.save(tmp_path / name)
    back = snn.Recording.load(tmp_path / name)
    assert repr(back) == repr(recording)
    assert torch.equal(back.times, recording.times)
    for key, each in recording.items():
        assert torch.equal(back[key].values, each.values)
        assert back[key].values.dtype == each.values.dtype
        assert (back[key].axes, back[key].unit, back[key].step_time) == (each.axes, each.unit, each.step_time)


def test_numpy_alone_reads_the_file(tmp_path):
    snn.Recording([spikes(), series()]).save(str(tmp_path / "run.npz"))
    with np.load(tmp_path / "run.npz", allow_pickle=False) as file:
        assert file["neuron.voltage"].tolist() == np.arange(24.0).reshape(4, 3, 2).tolist()
        assert file["spikes"].dtype == bool
        assert file["times"].tolist() == [0.0, 0.5, 1.0, 1.5]


def test_a_file_of_another_kind_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", x=np.zeros(2))
    with pytest.raises(ValueError, match=r"must lead to a file that Recording\.save has written, but .*other.npz' holds x"):
        snn.Recording.load(tmp_path / "other.npz")
