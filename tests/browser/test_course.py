"""Every notebook of the course as a reader meets it: opened in JupyterLab, run from top to bottom, and its panels moved."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))

# Errors in the outputs of the cells.
ERRORS = """() => window.jupyterapp.shell.currentWidget.content.widgets.flatMap((cell) =>
  (cell.model.outputs?.toJSON() ?? []).filter((output) => output.output_type === "error").map((output) => output.evalue))"""

# The cells that show a live view: an output that is both a widget and a picture.
PANELS = """() => window.jupyterapp.shell.currentWidget.content.widgets.flatMap((cell, index) =>
  (cell.model.outputs?.toJSON() ?? []).some(({ data }) => data?.["application/vnd.jupyter.widget-view+json"] && data["image/png"])
    ? [index] : [])"""

# Brings a cell into view (JupyterLab builds only those that are near), and marks it.
SHOW = """async (index) => {
  const { content } = window.jupyterapp.shell.currentWidget;
  await content.scrollToItem(index, "center");
  content.widgets[index].node.dataset.course = index;
}"""

# From here on each view says the last of its messages of which a frame has come back.
LISTEN = """() => document.addEventListener("snnlab-frame", ({ target, detail }) => {
  target.querySelector(".snnlab").dataset.seen = detail.seen;
})"""

ANSWERED = "([root, before]) => Number(root.dataset.seen) > before"


def press(page, view, slider, key):
    """Moves a slider by a key, and waits until the model has heard it and the picture shows it."""
    before = int(view.get_attribute("data-sent"))
    slider.press(key)
    page.wait_for_function(ANSWERED, arg=[view.element_handle(), before])
    expect(view.locator(".snnlab-error")).to_be_hidden()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_its_panels_answer(path, open_notebook, jupyter):
    page = open_notebook(path=path)
    page.evaluate(LISTEN)
    jupyter.run_all(page, timeout=120)
    assert page.evaluate(ERRORS) == []
    panels = page.evaluate(PANELS)
    assert panels, "no cell shows a live view"
    for index in panels:
        page.evaluate(SHOW, index)
        view = page.locator(f"[data-course='{index}'] .snnlab")
        expect(view.locator("canvas[role=img]")).to_be_visible()
        clock = view.locator(".snnlab-clock")
        expect(clock).to_contain_text("step")
        before = clock.inner_text()
        view.get_by_role("button", name="Step", exact=True).click()
        expect(clock).not_to_have_text(before)
        for slider in view.locator("input[type=range]").all():
            place, last = slider.input_value(), slider.get_attribute("max")
            press(page, view, slider, "ArrowLeft" if place == last else "ArrowRight")
            assert slider.input_value() != place, slider.get_attribute("aria-label")
    assert page.problems == []
    jupyter.close(page)  # seventeen kernels at once would want 6 GB
