"""The layout of a layer: its wiring as plain data, to be drawn or printed.

    nodes  {name: words}               a box for what comes in, and one for each group of neurons
    edges  [(from, to, label), …]      an arrow for each connection, from what it reads to whom it feeds

What a layer's `wiring` does is code, and code cannot be drawn. But a cell says that a connection feeds a group of neurons, so each cell is
an edge. Where a connection reads from is known for `RecurrentSerial`, whose groups feed each other, and can be told of any other layer;
else it is taken to be an input. A connection without a cell is a box without an arrow, and a warning: it was never said whom it feeds.
"""

import warnings
from collections.abc import Mapping

from snnlab.connections import Connection
from snnlab.network.biclique import Biclique
from snnlab.network.layer import Layer
from snnlab.network.recurrent import RecurrentSerial
from snnlab.neurons import Neuron

Nodes = dict[str, str]
Edges = list[tuple[str, str, str]]


def layout(layer: Layer, sources: Mapping[str, str] | None = None) -> tuple[Nodes, Edges]:
    """Boxes and arrows of a layer, as `snn.plots.wiring` draws them.

    Arrows come from cells: each says that a connection feeds a group of neurons. A layer of your own has those of its `add_cell`; what its
    `wiring` does is not looked at. A connection without a cell gives a warning, and no arrow; `RecurrentSerial` needs none.

    Args:
        layer: a layer.
        sources: for connections that read the spikes of neurons of this layer, the name of those neurons; all others read inputs. Those of
            `RecurrentSerial` are known.

    Returns:
        nodes, words by name, and edges, `(from, to, label)`: a connection stands on every edge to neurons that it feeds.

    Raises:
        TypeError: not a layer.
        AttributeError: sources name a connection or neurons that are not there.

    Example:
        >>> connection = snn.LinearDense((8, 8), 100, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), delay=20.0)
        >>> neuron = snn.LIF(100, 1.0, rest_v=-65., reset_v=-65., thresh_v=-50., refrac_t=2., time_constant=10.)
        >>> nodes, edges = layout(snn.Serial(connection, neuron, connection_name="enc2exc", neuron_name="exc"))
        >>> nodes
        {'input': '8 × 8', 'exc': 'LIF · 100'}
        >>> edges
        [('input', 'exc', 'enc2exc\\nLinearDense, to 20 ms')]
    """
    if not isinstance(layer, Layer):
        raise TypeError(f"layer must be a Layer, but is of type {type(layer).__name__}. For other wirings, write nodes and edges yourself.")
    feeds = [names for names, _ in layer.named_cells]
    reads: dict[str, str] = {}
    if isinstance(layer, RecurrentSerial):
        feeds, reads = _recurrent(layer)
    for connection, neuron in (sources or {}).items():
        layer.get_connection(connection), layer.get_neuron(neuron)
        reads[connection] = neuron
    connections, neurons = dict(layer.named_connections), dict(layer.named_neurons)
    lone = [name for name in connections if name not in {connection for connection, _ in feeds}]
    if lone:
        names, neuron = ", ".join(map(repr, lone)), next(iter(neurons), "NEURON")
        hint = f"Say whom it feeds, as in layer.add_cell({lone[0]!r}, {neuron!r})."
        warnings.warn(f"There is no arrow from {names}, for want of a cell. {hint}", stacklevel=2)
    inputs = _inputs([name for name in connections if name not in reads], set(neurons))
    nodes = {box: _size(connections[name].inshape) for name, box in inputs.items()}
    nodes |= {name: _words(neuron, layer) for name, neuron in neurons.items()}
    return nodes, [(reads.get(name) or inputs[name], neuron, _label(name, connections[name])) for name, neuron in feeds]


def _recurrent(layer: RecurrentSerial) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Who feeds whom, and who reads whom; its cells do not tell, as two of its connections may have none."""
    names = {id(part): name for name, part in (*layer.named_connections, *layer.named_neurons)}
    parts = (layer.feedfwd_connection, layer.lateral_connection, layer.feedback_connection, layer.feedfwd_neuron, layer.feedback_neuron)
    feedfwd, lateral, feedback, forward, back = (names[id(part)] for part in parts)
    return [(feedfwd, forward), (lateral, back), (feedback, forward)], {lateral: forward, feedback: back}


def _inputs(connections: list[str], taken: set[str]) -> dict[str, str]:
    """A box for each connection that reads inputs: "input", or where that is not enough "input of NAME"."""
    if len(connections) == 1 and "input" not in taken:
        return {connections[0]: "input"}
    return {name: f"input of {name}" for name in connections}  # no neurons have such a name: theirs are identifiers


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def _words(neuron: Neuron, layer: Layer) -> str:
    words = f"{type(neuron).__name__} · {_size(neuron.shape)}"
    if isinstance(layer, Biclique) and layer.combine != "sum":
        words += f" ← {layer.combine if isinstance(layer.combine, str) else 'function'}"
    return words


def _label(name: str, connection: Connection) -> str:
    delay = f", to {connection.delayedby:g} ms" if connection.delayedby else ""
    return f"{name}\n{type(connection).__name__}{delay}"
