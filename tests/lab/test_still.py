import numpy as np
import pytest
import torch
from matplotlib.image import AxesImage

import snnlab as snn
from snnlab.lab import Fields, Lab, Raster, Wiring


def test_the_still_twin_draws_what_the_live_view_has(make_lab):
    lab = make_lab()
    lab.step(5)
    data = lab.scene.data()
    axes = {ax.get_title(loc="left"): ax for ax in lab.picture().get_axes()}
    raster, voltage, fields = axes["spikes · exc"], axes["voltage · exc"], axes["receptive fields · in2exc.weight"]
    assert len(raster.lines[0].get_xdata()) == np.unpackbits(data[0]["bits"]).sum() > 0
    assert voltage.lines[1].get_ydata().tolist() == data[2]["values"][-5:, 1].tolist()
    assert fields.images[0].get_clim() == pytest.approx(tuple(data[3]["limits"]))
    assert isinstance(fields.images[0], AxesImage)


def test_time_in_the_still_twin_is_the_time_of_the_run(make_lab):
    lab = make_lab(window=4, step_time=0.5)
    lab.step(10)
    ax = next(ax for ax in lab.picture().get_axes() if ax.get_title(loc="left") == "voltage · exc")
    assert ax.lines[0].get_xdata().tolist() == [3.0, 3.5, 4.0, 4.5]  # steps 6 to 9


def test_a_run_that_has_not_begun_can_be_drawn(make_lab):
    assert make_lab().picture().png().startswith(b"\x89PNG")


def test_panels_of_one_kind_fill_the_picture(make_lab):
    full = make_lab()
    for panels in (full.scene.panels[:1], full.scene.panels[3:]):
        lab = make_lab(view=panels)
        assert lab.picture().png().startswith(b"\x89PNG")


def test_a_row_of_the_still_twin_is_a_neuron_or_an_input_with_a_whole_number(make_lab):
    lab = make_lab(view=[Raster("exc"), Raster("in2exc")])
    lab.step(3)
    axes = {ax.get_title(loc="left"): ax for ax in lab.picture().get_axes()}
    assert [ax.get_ylabel() for ax in axes.values()] == ["neuron", "input"]
    assert axes["spikes · exc"].get_yticks().tolist() == [0, 1, 2, 3]
    assert axes["spikes · in2exc"].get_yticks().tolist() == [0, 1, 2]


def test_a_wiring_stands_across_the_top_and_may_stand_alone():
    lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
    layer = snn.Serial(snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0)), lif)
    lab = Lab(layer, torch.zeros(1, 1, 3), view=[Raster("serial"), Fields("serial.weight"), Wiring()])
    figure = lab.picture()
    figure.canvas.draw()
    places = {ax.get_title(loc="left"): ax.get_window_extent() for ax in figure.axes if ax.get_title(loc="left")}
    wiring = places.pop("wiring")
    assert len(places) == 2
    for each in places.values():
        assert wiring.y0 > each.y1
    alone = Lab(layer, torch.zeros(1, 1, 3), view=[Wiring()]).picture()
    assert [ax.get_title(loc="left") for ax in alone.axes] == ["wiring"]
    assert alone.get_figheight() < figure.get_figheight()
