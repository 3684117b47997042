import csv
import io

import numpy as np
import pytest
import torch

from snnlab.lab import Current, Evolution, Fields, Histogram, Raster, Voltage, keep


@pytest.fixture
def lab(make_lab, toy):
    """Three steps with inputs 101, 011, 000; the first two neurons copy an input, the third sums all, the last never fires."""
    toy.wires.weight.copy_(torch.tensor([[1.0, 0, 0], [0, 1.0, 0], [0.5, 0.5, 0.5], [0, 0, 0.125]]))
    toy.cells.tc_membrane = 1e9  # nothing leaks
    view = [Raster("exc"), Current("in2exc", neurons=[2]), Voltage("exc", neurons=[3, 0]), Fields("in2exc.weight", shape=(1, 3))]
    lab = make_lab(view=view, trainers={}, controls=[], step_time=0.5, window=2)
    lab.step(3)
    return lab


def rows(content):
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def test_every_panel_is_an_array_of_its_own(lab, tmp_path):
    kept = np.load(lab.save(tmp_path / "run.npz"))  # the last two of three steps are in view
    assert kept["step"].tolist() == [1, 2]
    assert kept["time"].tolist() == [0.5, 1.0]
    # Input 011: neuron 1 copies, and 0.5 + 0.5 makes neuron 2 fire. Then nothing.
    assert kept["spikes · exc"].tolist() == [[False, True, True, False], [False] * 4]
    assert kept["current · in2exc"].tolist() == [[1.0], [0.0]]
    assert kept["voltage · exc"].tolist() == [[0.25, 0.0], [0.25, 0.0]]  # two spikes of 0.125 each
    assert kept["voltage · exc, columns"].tolist() == ["neuron 3", "neuron 0"]
    assert kept["receptive fields · in2exc.weight"][2].tolist() == [[0.5, 0.5, 0.5]]
    assert kept["receptive fields · in2exc.weight"].shape == (4, 1, 3)
    units = dict(kept["units"].tolist())
    assert (units["time"], units["voltage · exc"], units["current · in2exc"], units["spikes · exc"]) == ("ms", "mV", "nA", "")


def test_a_panel_may_be_called_time(make_lab, tmp_path):
    lab = make_lab(view=[Raster("in2exc", title="time"), Voltage("exc", neurons=[0], title="file")])
    lab.step()
    kept = np.load(lab.save(tmp_path / "run.npz"))
    assert kept["time"].tolist() == [0.0]
    assert kept["time (panel)"].tolist() == [[True, False, True]]
    assert kept["file (panel), columns"].tolist() == ["neuron 0"]


def test_the_table_of_steps_has_a_column_for_each_line_and_the_number_of_spikes(lab, tmp_path):
    header, *body = rows(lab.save(tmp_path / "run.csv").read_bytes())
    wanted = ["step", "time (ms)", "spikes · exc (count)", "current · in2exc, neuron 2 (nA)"]
    assert header == [*wanted, "voltage · exc, neuron 3 (mV)", "voltage · exc, neuron 0 (mV)"]
    assert body == [["1", "0.5", "2", "1.0", "0.25", "0.0"], ["2", "1", "0", "0.0", "0.25", "0.0"]]


def test_the_table_of_spikes_has_a_row_for_each(make_lab, tmp_path):
    lab = make_lab(view=[Raster("in2exc"), Voltage("exc")], step_time=0.1)
    lab.step(4)
    header, *body = rows(lab.save(tmp_path / "run.spikes.csv").read_bytes())
    assert header == ["step", "time (ms)", "panel", "number"]
    spikes = [("0", "0"), ("0", "2"), ("1", "1"), ("1", "2"), ("3", "0"), ("3", "2")]  # 101, 011, 000, and again 101
    assert body == [[step, {"0": "0", "1": "0.1", "3": "0.3"}[step], "spikes · in2exc", number] for step, number in spikes]


def test_several_groups_are_several_columns(make_lab):
    lab = make_lab(view=[Raster("in2exc"), Raster("exc")])
    lab.step(2)
    header, first, second = keep.table(lab.scene)
    assert header == ["step", "time (ms)", "spikes · in2exc (count)", "spikes · exc (count)"]
    assert [first[2], second[2]] == [2, 2]


def test_what_was_not_seen_in_a_step_is_left_empty(make_lab):
    lab = make_lab(view=[Current("in2exc", neurons=[0])], step=lambda: None, inputs=None, trainers={}, controls=[])
    lab.step()
    assert list(keep.table(lab.scene))[1:] == [[0, "0", ""]]
    assert np.isnan(keep.recording(lab.scene)["current · in2exc"]).all()


def test_bins_say_what_they_count(make_lab):
    lab = make_lab(view=[Evolution("in2exc.weight", bins=2, limits=(0.0, 1.0))], trainers={}, controls=[])
    lab.step()
    header, row = keep.table(lab.scene)
    title = "weights over time · in2exc.weight"
    assert header[2:] == [f"{title}, 0 to 0.5 (share)", f"{title}, 0.5 to 1 (share)", f"{title}, beyond (share)"]
    assert row[2:] == pytest.approx([11 / 12, 1 / 12, 0])  # of twelve weights from 0 to 0.5 only the last is in the upper bin


def test_before_the_first_step_there_are_no_rows(make_lab):
    lab = make_lab()
    assert len(list(keep.table(lab.scene))) == len(list(keep.spikes(lab.scene))) == 1
    assert keep.recording(lab.scene)["spikes · exc"].shape == (0, 4)


def test_a_picture_is_of_the_kind_that_its_name_says(lab, tmp_path):
    assert lab.save(str(tmp_path / "run.png")) == tmp_path / "run.png"
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG\r\n")
    drawing = lab.save(tmp_path / "run.svg").read_text()
    assert drawing.startswith("<?xml")
    assert "</svg>" in drawing


def test_another_end_is_refused_before_anything_is_written(lab, tmp_path):
    with pytest.raises(ValueError, match=r"path must end in one of \.png, \.svg, \.npz, .*, but is '.*picture\.jpg'"):
        lab.save(tmp_path / "picture.jpg")
    assert list(tmp_path.iterdir()) == []


def test_no_spikes_can_be_saved_where_none_are_shown(make_lab, tmp_path):
    lab = make_lab(view=[Voltage("exc")])
    with pytest.raises(LookupError, match="Add a raster"):
        lab.save(tmp_path / "run.spikes.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_view_that_asks_gets_the_bytes_and_a_name(lab):
    keep.send(lab, "one", ".csv")
    content, buffers = lab.sent[-1]
    assert content == {"do": "file", "view": "one", "name": "snnlab-step-3.csv", "kind": "text/csv"}
    assert rows(buffers[0])[1][0] == "1"


def test_the_present_picture_can_be_put_into_the_notebook(lab, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    lab.freeze()
    lab.step(5)
    lab.snapshot()
    (picture,) = shown
    assert picture.get_suptitle() == "step 3 · 1.5 ms"
    voltage = next(ax for ax in picture.get_axes() if ax.get_title(loc="left") == "voltage · exc")
    assert voltage.lines[0].get_ydata().tolist() == [0.25, 0.25]  # as it was, whatever comes later


def test_of_a_chart_the_points_of_each_series_are_kept(toy, make_lab):
    toy.wires.weight.copy_(torch.tensor([[0.0, 1.0, 1.0]] * 4))
    arrays = keep.recording(make_lab(view=[Histogram("in2exc.weight", bins=2, limits=(0.0, 2.0))]).scene)
    assert arrays["histogram · in2exc.weight, bars, weight"].tolist() == [0.0, 1.0, 2.0]
    assert arrays["histogram · in2exc.weight, bars, synapses"].tolist() == [4.0, 8.0]
    assert "histogram · in2exc.weight" not in arrays
    units = dict(arrays["units"].tolist())
    assert set(units) == set(arrays) - {"units"}
