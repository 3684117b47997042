import asyncio
import base64
import json
import subprocess
import sys

import nbformat
import numpy as np
import pytest
import torch

from snnlab.lab import Control, Lab, Raster, Voltage


def test_a_step_is_layer_then_trainers_then_update(make_lab, toy):
    order = []

    class Layer(torch.nn.Module):
        named_neurons = property(lambda self: iter([]))
        named_connections = property(lambda self: iter([]))

        def forward(self, x):
            order.append(("layer", x.tolist()))

        def update(self):
            order.append("update")

    trainers = {"one": lambda: order.append("one"), "two": lambda: order.append("two")}
    make_lab(layer=Layer(), view=[], controls=[], trainers=trainers, inputs=torch.tensor([[[1]], [[2]]])).step(2)
    assert order == [("layer", [[1]]), "one", "two", "update", ("layer", [[2]]), "one", "two", "update"]


def test_without_trainers_nothing_is_updated(make_lab, toy):
    make_lab(trainers={}, controls=[]).step(3)
    assert toy.updates == 0


def test_a_custom_step_gets_the_input(make_lab):
    seen = []
    make_lab(step=seen.append, inputs=lambda step: step * 10).step(3)
    assert seen == [0, 10, 20]


def test_a_custom_step_may_need_no_input(make_lab):
    seen = []
    make_lab(step=lambda: seen.append(1), inputs=None).step(3)
    assert seen == [1, 1, 1]


def test_a_lab_without_input_and_step_is_refused(toy):
    with pytest.raises(TypeError, match="inputs must be given, or a step that needs none"):
        Lab(toy)


def test_reset_brings_model_and_pictures_back_exactly(make_lab, toy):
    generator = torch.Generator().manual_seed(5)
    lab = make_lab(inputs=lambda step: torch.rand(1, 3, generator=generator) < 0.5, generator=generator)
    first, weight = lab.snapshot(), toy.wires.weight.clone()
    lab.step(40)
    after, moved = lab.snapshot(), toy.wires.weight.clone()
    assert not torch.equal(weight, moved)
    lab.reset()
    assert lab.snapshot() == first
    assert torch.equal(toy.wires.weight, weight)
    lab.step(40)
    assert lab.snapshot() == after
    assert torch.equal(toy.wires.weight, moved)


def test_reset_keeps_what_the_sliders_say(make_lab, toy):
    weight = toy.wires.weight
    gain = Control("gain", low=0.0, high=2.0, get=lambda: weight[0, 0].item(), set=lambda value: weight.__setitem__((0, 0), value))
    lab = make_lab(controls=["exc.tc_membrane", gain])
    lab.set("exc.tc_membrane", 50.0)
    lab.set("gain", 0.5)
    lab.step()
    lab.reset()
    assert toy.cells.tc_membrane == 50.0
    assert weight[0, 0] == 0.5


def test_a_caller_s_own_state_can_be_reset_too(make_lab):
    called = []
    make_lab(on_reset=lambda: called.append(True)).reset()
    assert called == [True]


def test_everything_can_be_driven_from_python(make_lab, toy):
    async def story():
        lab = make_lab(speed=3)
        lab.play()
        async with asyncio.timeout(10):
            while lab.steps < 7:
                await asyncio.sleep(0)
        lab.pause()
        await lab.runner.stopped()
        steps = lab.steps
        await lab.run(10)
        assert lab.steps == steps + 10
        lab.step(2)
        assert lab.steps == steps + 12
        assert not lab.playing

    asyncio.run(story())


def test_a_slider_moved_in_flight_acts_at_the_next_step(make_lab, toy):
    seen = []
    lab = make_lab(step=lambda: seen.append(toy.cells.tc_membrane), inputs=None)
    lab.step()
    lab.set("exc.tc_membrane", 33.0)
    lab.step()
    assert seen == [20.0, 33.0]


def test_an_error_reaches_the_caller_and_the_view(make_lab):
    lab = make_lab(inputs=lambda step: torch.zeros(1, 3) if step < 4 else torch.zeros(1, 7))
    with pytest.raises(RuntimeError):
        lab.step(10)
    assert lab.error.startswith("Stopped at step 4. RuntimeError:")
    with pytest.raises(RuntimeError):
        asyncio.run(lab.run(1))


def test_an_unknown_control_is_answered_with_those_there_are(make_lab):
    with pytest.raises(LookupError, match=r"name must be one of 'exc.tc_membrane', 'rule.lr_post', but is 'exc.tau'"):
        make_lab().set("exc.tau", 1.0)


def test_step_time_comes_from_the_model(make_lab, toy):
    toy.cells.dt = toy.wires.dt = 0.25
    lab = make_lab()
    lab.step(4)
    assert lab.snapshot().startswith("step 4 (1 ms); spikes · exc: ")


def test_a_closed_lab_lets_go_of_the_model(make_lab, toy):
    lab = make_lab()
    assert toy.wires._forward_hooks
    lab.close()
    assert not toy.wires._forward_hooks


def test_a_cell_shows_a_widget_a_picture_and_words(make_lab):
    bundle = make_lab()._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert bundle["text/plain"] == "Lab(spikes · exc, current · in2exc, voltage · exc, receptive fields · in2exc.weight)"


def test_the_words_of_a_cell_do_not_depend_on_the_run(make_lab):
    lab = make_lab()
    before = repr(lab)
    lab.step(5)
    assert repr(lab) == before


NOTEBOOK = """
import torch, snnlab as snn
from snnlab.lab import Lab, Raster, Voltage
connection = snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(50.0))
neuron = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=10.0)
layer = snn.Serial(connection, neuron, connection_name="in2exc", neuron_name="exc")
lab = Lab(layer, torch.ones(1, 1, 3), view=[Raster("exc"), Voltage("exc")])
await lab.run(50)
lab
"""


@pytest.mark.notebook
def test_a_saved_notebook_keeps_its_picture_without_kernel_and_without_widget_state(tmp_path):
    path = tmp_path / "one.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(NOTEBOOK)]), path)
    convert = [sys.executable, "-m", "nbconvert", str(path), "--log-level=ERROR"]
    subprocess.run([*convert, "--execute", "--inplace", "--ExecutePreprocessor.store_widget_state=False"], check=True, timeout=120)
    saved = json.loads(path.read_text())
    assert "widgets" not in saved["metadata"]
    data = saved["cells"][0]["outputs"][-1]["data"]
    assert data["text/plain"] == ["Lab(spikes · exc, voltage · exc)"]
    picture = data["image/png"].strip()
    assert base64.b64decode(picture).startswith(b"\x89PNG")
    subprocess.run([*convert, "--to", "html"], check=True, timeout=120)
    html = path.with_suffix(".html").read_text()
    assert f"data:image/png;base64,{picture[:200]}" in html.replace("\n", "")


def test_importing_the_library_brings_no_widgets():
    script = "import sys, snnlab; print([name for name in ('ipywidgets', 'anywidget', 'matplotlib') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_raster_needs_a_name_that_is_there(toy):
    with pytest.raises(LookupError, match="Did you mean 'exc'"):
        Lab(toy, torch.zeros(1, 1, 3), view=[Raster("excc")])


def test_what_a_panel_follows_can_be_had_as_numbers(make_lab):
    lab = make_lab(view=[Raster("in2exc"), Voltage("exc", neurons=[1])], window=3)
    lab.step(2)
    np.testing.assert_array_equal(lab.recorded("in2exc"), [[np.nan] * 3, [1, 0, 1], [0, 1, 1]])
    assert lab.recorded("voltage · exc").shape == (3, 1)
    with pytest.raises(LookupError, match=r"name must be one of 'exc'"):
        lab.recorded("inh")
