"""A slider of ipywidgets beside the view: it moves the control, and follows it."""

import asyncio
import threading

import ipywidgets
import pytest

from snnlab.lab import Control


def test_the_slider_moves_the_model(make_lab, toy):
    lab = make_lab(controls=["exc.threshold"])
    lab.slider("exc.threshold").value = 1.75
    assert toy.cells.threshold == 1.75


def test_the_slider_follows_the_model(make_lab, toy):
    lab = make_lab(controls=["exc.threshold"])
    slider = lab.slider("exc.threshold")
    toy.cells.threshold = 0.75
    lab.sync()
    assert slider.value == 0.75


def test_the_slider_has_the_range_and_the_words_of_the_quantity(make_lab):
    slider = make_lab(controls=["exc.threshold"]).slider("exc.threshold")
    assert isinstance(slider, ipywidgets.FloatSlider)
    assert (slider.min, slider.max) == (0.5, 2.0)
    assert slider.tooltip == "fires at (mV)"


def test_a_logarithmic_range_gets_a_logarithmic_slider(make_lab, toy):
    slider = make_lab(controls=["exc.tc_membrane"]).slider("exc.tc_membrane")
    assert isinstance(slider, ipywidgets.FloatLogSlider)
    assert (slider.base**slider.min, slider.base**slider.max) == (1.0, 100.0)
    slider.value = 50.0
    assert toy.cells.tc_membrane == 50.0


def test_a_value_out_of_range_stays_in_the_model(make_lab, toy):
    lab = make_lab(controls=["exc.threshold"])
    slider = lab.slider("exc.threshold")
    toy.cells.threshold = 9.0
    lab.sync()
    assert slider.value == 2.0
    assert toy.cells.threshold == 9.0


def test_a_control_has_one_slider(make_lab):
    lab = make_lab(controls=["exc.threshold"])
    assert lab.slider("exc.threshold") is lab.slider("exc.threshold")


def test_an_unknown_control_is_named(make_lab):
    with pytest.raises(LookupError, match=r"name must be one of 'exc\.threshold', but is 'threshold'"):
        make_lab(controls=["exc.threshold"]).slider("threshold")


def test_after_close_the_slider_moves_nothing(make_lab, toy):
    lab = make_lab(controls=["exc.threshold"])
    slider = lab.slider("exc.threshold")
    lab.close()
    slider.value = 1.75
    assert toy.cells.threshold == 1.0


def test_a_control_of_functions_can_be_mirrored_too(make_lab):
    box = {"gain": 1.0}
    control = Control("gain", low=0.0, high=2.0, get=lambda: box["gain"], set=lambda value: box.update(gain=value))
    make_lab(controls=[control]).slider("gain").value = 0.5
    assert box["gain"] == 0.5


def test_an_error_of_an_observer_shows_in_the_view_and_reaches_whoever_moved_it(make_lab, toy):
    lab = make_lab(controls=["exc.threshold"])
    slider = lab.slider("exc.threshold")
    lab.step(2)

    def refuse(change):
        raise ValueError(f"not {change['new']}")

    slider.observe(refuse, "value")
    with pytest.raises(ValueError, match=r"not 1\.75"):
        slider.value = 1.75
    assert lab.error.startswith("Stopped at step 2. ValueError: not 1.75\nrefuse, line")
    slider.unobserve(refuse, "value")
    lab.step()
    assert (lab.error, lab.steps) == ("", 3)


def test_an_error_of_an_observer_shows_too_where_the_page_moved_the_slider(make_lab):
    def refuse(change):
        raise ValueError("never")

    lab = make_lab(controls=["exc.threshold"])
    slider = lab.slider("exc.threshold")
    slider.observe(refuse, "value")
    with pytest.raises(ValueError, match="never"):
        slider.set_state({"value": 1.75})  # as a message of the browser does
    assert "ValueError: never" in lab.error


def test_an_error_of_a_control_shows_where_its_twin_was_moved(make_lab):
    def refuse(value):
        raise ValueError("never above 1")

    lab = make_lab(controls=[Control("gain", low=0.0, high=2.0, get=lambda: 1.0, set=refuse)])
    with pytest.raises(ValueError, match="never above 1"):
        lab.slider("gain").value = 2.0
    assert "ValueError: never above 1" in lab.error


def test_a_slider_that_is_moved_in_another_thread_acts_at_home_and_is_not_pushed_back(make_lab, toy):
    async def story():
        lab, threads = make_lab(controls=["exc.threshold"]), []
        slider, moved = lab.slider("exc.threshold"), lab.set
        lab.set = lambda name, value: threads.append(threading.get_ident()) or moved(name, value)

        def hand():
            slider.value = 1.75
            lab.follow_twins()  # a frame leaves meanwhile

        thread = threading.Thread(target=hand)
        thread.start()
        thread.join()  # at home nothing has had a turn
        assert (threads, slider.value) == ([], 1.75)
        await asyncio.sleep(0)
        assert threads == [threading.get_ident()]
        assert (slider.value, toy.cells.threshold) == (1.75, 1.75)

    asyncio.run(story())
