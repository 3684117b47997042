import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch.utils._python_dispatch import TorchDispatchMode

from snnlab.lab import Current, Evolution, Fields, Raster, Voltage, Weights
from snnlab.lab.names import Names
from snnlab.lab.scene import Scene, pack

ARRAYS = st.sampled_from(["uint8", "uint16", "float32"]).flatmap(
    lambda kind: hnp.arrays(kind, hnp.array_shapes(max_dims=3, min_side=0, max_side=5))
)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), ARRAYS)))
def test_a_packed_frame_can_be_read_where_its_arrays_lie(data):
    table, buffer = pack(data)
    for arrays, entries in zip(data, table, strict=True):
        for name, (kind, shape, at) in entries.items():
            assert at % 4 == 0  # a Float32Array must start there
            read = np.frombuffer(buffer, kind, int(np.prod(shape)), at).reshape(shape)
            assert read.tobytes() == arrays[name].tobytes()


def test_two_panels_of_the_same_thing_do_not_share_a_record(toy):
    scene = Scene([Raster("exc"), Raster("exc")], Names(toy), window=2, step_time=1.0)
    toy(torch.ones(1, 3))
    scene.recorder.record()
    assert [panel["title"] for panel in scene.describe()["panels"]] == ["spikes · exc", "spikes · exc (2)"]
    assert scene.data()[0]["bits"].tolist() == scene.data()[1]["bits"].tolist()


def test_a_panel_may_be_used_in_two_scenes(toy):
    panel = Raster("exc")
    first, second = (Scene([panel], Names(toy), window=2, step_time=1.0) for _ in range(2))
    assert first.panels[0] is not second.panels[0]


def test_a_closed_scene_leaves_no_hook(toy):
    scene = Scene([Raster("in2exc")], Names(toy), window=2, step_time=1.0)
    assert len(toy.wires._forward_pre_hooks) == 1
    scene.close()
    assert not toy.wires._forward_pre_hooks


class Copies(TorchDispatchMode):
    """Counts what brings numbers to Python: one by one (`item`), or as a tensor, which `cpu` does."""

    def __init__(self, monkeypatch):
        super().__init__()
        self.single, self.whole, cpu = 0, 0, torch.Tensor.cpu

        def count(tensor):
            self.whole += 1
            return cpu(tensor)

        monkeypatch.setattr(torch.Tensor, "cpu", count)

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.single += function is torch.ops.aten._local_scalar_dense.default
        return function(*args, **(kwargs or {}))


def test_a_frame_with_its_words_costs_one_copy_for_all_panels(make_lab, monkeypatch):
    panels = [Raster("exc"), Current("in2exc"), Voltage("exc"), Fields("in2exc.weight", shape=(1, 3))]
    learning = [Weights("in2exc.weight", [(0, 2)]), Evolution("in2exc.weight", bins=3)]
    lab = make_lab(view=[*panels, *learning])
    lab.views["somebody"] = 0
    monkeypatch.setattr("snnlab.lab.recorder._here", lambda part: False)  # as on a GPU
    with Copies(monkeypatch) as copies:
        for _ in range(3):
            for _ in range(2):
                lab.experiment.step()
            lab.frames.send(0)
    assert (copies.whole, copies.single) == (3, 0)
    assert lab.sent[-1][0]["status"]["alt"] == lab.snapshot()  # the words were told in each of these frames
