"""The panel of what a rule proposes."""

import copy

import pytest
import torch

import snnlab as snn
from snnlab.lab import Lab, Pending


def serial(**updates):
    synapse = snn.DeltaCurrent.partialconstructor(1.0)
    connection = snn.LinearDense(3, 2, 1.0, synapse=synapse, weight_init=torch.ones_like)
    if updates.get("updater", True):
        connection.defaultupdater()
    lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
    return snn.Serial(connection, lif, connection_name="in2exc")


class Proposes(torch.nn.Module):
    """Proposes more of the first synapse and less of the last, by as much as it is told."""

    def __init__(self, layer, size):
        super().__init__()
        self.layer, self.size = [layer], size

    def forward(self):
        pos, neg = torch.zeros(2, 2, 3)
        pos[0, 0], neg[1, 2] = self.size, self.size / 2
        self.layer[0].updater.weight = (pos, neg)


@pytest.fixture
def make():
    labs = []

    def build(layer, size=0.5, **given):
        panel = given.pop("panel", Pending("in2exc.weight"))
        labs.append(Lab(layer, torch.zeros(1, 1, 3), trainers={"rule": Proposes(layer, size)}, view=[panel], **given))
        return labs[-1]

    yield build
    for each in labs:
        each.close()


def test_both_parts_of_an_update_are_seen_after_it(make):
    layer = serial()
    lab = make(layer)
    lab.step(1)
    assert layer.updater.weight.pos is None  # it has been applied
    shown = lab.scene.data()[0]
    assert shown["limits"].tolist() == [-0.5, 0.5]
    # From −0.5 to 0.5 in 255 shades: 0 at 127.5, which is 128 in even rounding; +0.5 at 255, −0.25 at a quarter, 63.75.
    assert shown["fields"].tolist() == [[[255, 128, 128], [128, 128, 128]], [[128, 128, 128], [128, 128, 64]]]
    assert lab.snapshot() == "step 1 (1 ms); pending, + and − · in2exc.weight: 0.5 to be added, 0.25 to be taken away"
    assert layer.connection.weight[0, 0].item() == 1.5


def test_the_steps_of_a_frame_are_added_up_and_a_second_look_sees_the_same(make):
    lab = make(serial())
    for steps, added, taken in ((1, 0.5, 0.25), (3, 1.5, 0.75), (1, 0.5, 0.25)):
        lab.step(steps)
        for _ in range(2):
            assert lab.snapshot().endswith(f": {added:g} to be added, {taken:g} to be taken away")


def test_what_still_waits_is_seen_too(make):
    layer = serial()
    lab = make(layer)
    layer.updater.weight = (None, torch.full((2, 3), 1.0))
    assert lab.snapshot().endswith("0 to be added, 6 to be taken away")


def test_before_the_first_update_nothing_is_pending(make):
    shown = make(serial()).scene.data()[0]
    assert shown["fields"].min() == shown["fields"].max() == 128
    assert shown["limits"].tolist() == [-1.0, 1.0]


def test_the_limits_stay_at_the_greatest_change_until_the_start_is_brought_back(make):
    layer = serial()
    lab = make(layer)
    seen = []
    for size in (0.5, 2.0, 0.1):
        lab.experiment.trainers["rule"].size = size
        lab.step(1)
        seen.append(lab.scene.data()[0]["limits"].tolist())
    assert seen == [[-0.5, 0.5], [-2.0, 2.0], [-2.0, 2.0]]
    lab.scene.clear()
    assert lab.scene.data()[0]["limits"][1] < 0.2


def test_limits_may_be_given(make):
    lab = make(serial(), panel=Pending("in2exc.weight", limits=(-4.0, 4.0)))
    lab.step(1)
    assert lab.scene.data()[0]["limits"].tolist() == [-4.0, 4.0]


def test_a_part_may_take_the_shape_of_a_picture(make):
    lab = make(serial(), panel=Pending("in2exc.weight", shape=(3, 2)))
    assert lab.scene.data()[0]["fields"].shape == (2, 3, 2)
    with pytest.raises(ValueError, match=r"shape must be a height and a width with 6 pixels, one a synapse, but is \(2, 2\)"):
        make(serial(), panel=Pending("in2exc.weight", shape=(2, 2)))


def test_a_connection_that_nothing_updates_is_refused(make):
    layer = serial(updater=False)
    with pytest.raises(LookupError, match=r"'in2exc\.weight' has no updater.*defaultupdater\(\)"):
        make(layer)


def test_a_closed_view_leaves_no_hook_and_a_copy_none(make):
    layer = serial()
    lab = make(layer)
    assert len(layer.updater._forward_pre_hooks) == 1
    assert not copy.deepcopy(layer).updater._forward_pre_hooks
    lab.close()
    assert not layer.updater._forward_pre_hooks


def test_the_still_twin_draws_both_parts(make):
    lab = make(serial())
    lab.step(1)
    image = lab.picture().get_axes()[0].images[0]
    assert image.get_clim() == (-0.5, 0.5)
    values = image.get_array()
    assert (values.max(), values.min()) == (0.5, -0.25)
