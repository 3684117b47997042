import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from snnlab.lab import Raster
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
