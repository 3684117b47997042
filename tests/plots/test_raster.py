import numpy as np
import pytest
import torch

from snnlab.plots import Picture, raster


def test_each_spike_is_one_mark_at_its_time_and_neuron():
    spikes = torch.tensor([[True, False], [False, False], [True, True]])
    line = raster(spikes, step_time=0.5, start=10.0).lines[0]
    assert sorted(zip(*line.get_data(), strict=True)) == [(10.0, 0), (11.0, 0), (11.0, 1)]


def test_axes_carry_units_and_hold_every_neuron():
    ax = raster(np.zeros((4, 7), dtype=bool))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (ms)", "neuron")
    assert ax.get_ylim() == (-0.5, 6.5)


def test_given_axes_are_drawn_on():
    ax = Picture().subplots()
    assert raster(np.eye(2, dtype=bool), ax=ax) is ax


@pytest.mark.parametrize("steps", [0, 1])
def test_a_short_run_can_be_drawn(steps):
    raster(np.zeros((steps, 3), dtype=bool)).figure.png()


@pytest.mark.parametrize(("neurons", "wanted"), [(1, [0]), (2, [0, 1]), (3, [0, 1, 2]), (5, [0, 1, 2, 3, 4])])
def test_few_rows_are_numbered_one_by_one(neurons, wanted):
    assert raster(np.zeros((4, neurons), dtype=bool)).get_yticks().tolist() == wanted


@pytest.mark.parametrize("neurons", [6, 7, 11, 23, 100])
def test_many_rows_have_whole_numbers_beside_them(neurons):
    ax = raster(np.zeros((4, neurons), dtype=bool))
    ticks = ax.get_yticks()
    assert len(ticks) > 1
    assert (ticks == ticks.round()).all()


def test_the_axis_says_what_a_row_is():
    assert raster(np.eye(2, dtype=bool), label="input").get_ylabel() == "input"


def test_groups_are_told_apart_by_colour_name_and_a_line_between():
    spikes = np.zeros((4, 5), dtype=bool)
    spikes[[0, 1, 2, 3], [0, 2, 3, 4]] = True
    ax = raster(spikes, step_time=2.0, groups={"E": 3, "I": 2})
    first, second, line = ax.lines[0], *sorted(ax.lines[1:], key=lambda line: line.get_marker() != "|")
    assert list(zip(*first.get_data(), strict=True)) == [(0.0, 0), (2.0, 2)]
    assert list(zip(*second.get_data(), strict=True)) == [(4.0, 3), (6.0, 4)]
    assert first.get_color() != second.get_color()
    assert set(line.get_ydata()) == {2.5}
    assert [(text.get_text(), text.get_position()[1], text.get_color()) for text in ax.texts] == [
        ("E", 1.0, first.get_color()),
        ("I", 3.5, second.get_color()),
    ]


def test_names_of_groups_stand_beside_the_axes_and_within_the_picture():
    ax = raster(np.eye(10, dtype=bool), groups={"excitatory": 8, "inhibitory": 2}, title="two populations")
    ax.figure.draw_without_rendering()
    for text in ax.texts:
        assert ax.get_window_extent().x1 < text.get_window_extent().x0
        assert text.get_window_extent().x1 <= ax.figure.bbox.x1


def test_groups_must_be_all_the_neurons():
    with pytest.raises(ValueError, match=r"groups must hold all 5 neurons, but hold 4: \{'E': 3, 'I': 1\}"):
        raster(np.zeros((4, 5)), groups={"E": 3, "I": 1})
    with pytest.raises(ValueError, match=r"groups\['I'\] must be a whole number of at least 1, but is 0"):
        raster(np.zeros((4, 3)), groups={"E": 3, "I": 0})
