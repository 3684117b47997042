"""The picture of a phase plane."""

import numpy as np
import pytest

from snnlab.plots import phase_plane

VOLTAGES, ADAPTATIONS = [-70.0, -60.0, -50.0, -70.0, -65.0], [0.0, 0.1, 0.2, 0.5, 0.4]
SPIKES = [False, False, False, True, False]


def by_label(ax):
    return {line.get_label(): line for line in ax.lines}


def test_voltage_is_to_the_right_and_adaptation_upwards_with_units():
    ax = phase_plane(VOLTAGES, ADAPTATIONS)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("voltage (mV)", "adaptation (nA)")
    way = by_label(ax)["trajectory"]
    assert (way.get_xdata().tolist(), way.get_ydata().tolist()) == (VOLTAGES, ADAPTATIONS)
    assert by_label(ax)["start"].get_xydata().tolist() == [[-70.0, 0.0]]


def test_a_spike_breaks_the_curve_and_its_landing_is_marked():
    lines = by_label(phase_plane(VOLTAGES, ADAPTATIONS, spikes=SPIKES))
    assert np.isnan(lines["trajectory"].get_xdata()).tolist() == [False, False, False, True, False, False]
    assert lines["after a spike"].get_xydata().tolist() == [[-70.0, 0.5]]
    assert lines["_jump"].get_xydata().tolist() == [[-50.0, 0.2], [-70.0, 0.5]]
    assert lines["_jump"].get_linestyle() != "-"


def test_a_spike_at_the_first_step_has_no_jump():
    lines = by_label(phase_plane([-70.0, -60.0], [0.1, 0.1], spikes=[True, False]))
    assert "_jump" not in lines
    assert lines["after a spike"].get_xydata().tolist() == [[-70.0, 0.1]]


def test_nullclines_carry_their_names_and_do_not_widen_the_picture():
    ax = phase_plane(VOLTAGES, ADAPTATIONS, nullclines={"dV/dt = 0": ([-80.0, -40.0], [1e3, 1e9])})
    assert by_label(ax)["dV/dt = 0"].get_xdata().tolist() == [-80.0, -40.0]
    assert ax.get_ylim()[1] < 1.0
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"trajectory", "start", "dV/dt = 0"}


def test_arrows_point_where_the_field_says_and_are_of_one_length():
    field = ([-70.0, -60.0], [0.0, 0.1, 0.2], np.full((3, 2), 30.0), np.array([[0.0, 0.0], [0.4, 0.4], [-0.4, -0.4]]))
    ax = phase_plane([], [], field=field)
    arrows = ax.collections[0]
    assert arrows.get_offsets().tolist()[:3] == [[-70.0, 0.0], [-60.0, 0.0], [-70.0, 0.1]]
    assert np.hypot(arrows.U, arrows.V).tolist() == pytest.approx([1.0] * 6)
    assert (arrows.V / arrows.U).tolist() == pytest.approx([0.0, 0.0, 0.4 / 30, 0.4 / 30, -0.4 / 30, -0.4 / 30])
    assert arrows.angles == "xy"  # along the curves on the page, however long a mV and a nA are there
    assert ax.get_xlim()[0] < -70.0 < -60.0 < ax.get_xlim()[1]


def test_a_field_that_stands_still_somewhere_can_be_drawn():
    ax = phase_plane([], [], field=([-70.0], [0.0], [[0.0]], [[0.0]]))
    assert ax.collections[0].U.tolist() == ax.collections[0].V.tolist() == [0.0]
    ax.figure.png()


def test_without_trajectory_and_field_the_nullclines_set_the_limits():
    ax = phase_plane([], [], nullclines={"w": ([-70.0, -50.0], [0.0, 1.0])})
    assert ax.get_xlim()[0] < -70.0 < -50.0 < ax.get_xlim()[1] < -45.0


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="voltages and adaptations must be of one length, but are 2 and 1"):
        phase_plane([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="spikes must be one a step, 2, but are 1"):
        phase_plane([1.0, 2.0], [1.0, 2.0], spikes=[True])
    with pytest.raises(ValueError, match="voltages of the nullcline 'a' and its adaptations must be of one length, but are 1 and 2"):
        phase_plane([], [], nullclines={"a": ([1.0], [1.0, 2.0])})
    with pytest.raises(ValueError, match=r"field must hold two changes of shape \(1, 2\), R x C, but they are of \(2, 1\) and \(1, 2\)"):
        phase_plane([], [], field=([1.0, 2.0], [1.0], [[1.0], [2.0]], [[1.0, 2.0]]))
    with pytest.raises(ValueError, match="voltages must be finite"):
        phase_plane([np.nan], [1.0])
    with pytest.raises(ValueError, match=r"voltages must have 1 axes \(T\), but is of shape \(1, 1, 1\)"):
        phase_plane(np.zeros((1, 1, 1)), np.zeros((1, 1, 1)))
