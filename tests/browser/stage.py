"""A lab and its view without a JupyterLab: the page's script in an empty page of Chromium, and messages carried to and fro by the test.

stage = Stage(page, lab)          the view stands in the page, and shows the first frame
page.mouse.click(...)             what a person does
stage.exchange()                  what the page said is heard by the lab, and what the lab sends arrives in the page
"""

import base64
import json

from snnlab.lab.page import hear

# The part of a widget's model that a view needs, over what Python says.
PAGE = """async ([script, style, state]) => {
  document.head.append(Object.assign(document.createElement("style"), { textContent: style }));
  const listeners = {};
  window.state = state;
  window.sent = [];
  window.say = (name, ...what) => (listeners[name] ?? []).forEach((listener) => listener(...what));
  const model = {
    get: (name) => window.state[name],
    on: (name, listener) => (listeners[name] ??= []).push(listener),
    off: (name, listener) => { listeners[name] = (listeners[name] ?? []).filter((other) => other !== listener); },
    send: (message) => window.sent.push(message),
  };
  const { default: view } = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  const el = document.body.appendChild(document.createElement("div"));
  window.leave = view.render({ model, el });
}"""

ARRIVE = """async ([scene, message, base64]) => {
  const changed = JSON.stringify(window.state.scene) !== JSON.stringify(scene);
  window.state.scene = scene;
  if (changed) window.say("change:scene");
  if (!message) return;
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  window.say("msg:custom", message, [new DataView(bytes.buffer)]);
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
}"""


class Stage:
    """A lab whose view stands in a page of its own."""

    def __init__(self, page, lab) -> None:
        self.page, self.lab, self.frames = page, lab, []
        lab.view.send = lambda content, buffers=None: self.frames.append((content, buffers))
        self.scene = json.dumps(lab.view.scene)
        page.evaluate(PAGE, [lab.view._esm, lab.view._css, {name: getattr(lab.view, name) for name in ("scene", "controls", "devices")}])
        self.exchange()

    def exchange(self) -> list[dict]:
        """Carries messages until nobody says anything more; returns what the page said, but for acknowledgements."""
        said = []
        self._deliver()
        while messages := self.page.evaluate("window.sent.splice(0)"):
            for message in messages:
                hear(self.lab, message)
                said += [message] if message["do"] != "ack" else []
            self._deliver()
        return said

    def _deliver(self) -> None:
        """Brings the lab's frames, and a changed scene, to the page."""
        frames, self.frames = self.frames or [(None, None)], []
        for content, buffers in frames:
            buffer = base64.b64encode(buffers[0] if buffers else b"").decode()
            self.page.evaluate(ARRIVE, [self.lab.view.scene, json.loads(json.dumps(content)), buffer])
