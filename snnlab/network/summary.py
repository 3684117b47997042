"""A summary: what a model is made of, how large each part is, and what memory it takes.

parameters   numbers that a rule or a gradient may change: weights, biases, delays
open         how many of the weights a mask leaves open, as those of a sparse connection or beside a diagonal; only where there is a mask
delays       of the synapses that are open, from the shortest to the longest
memory       bytes of these, and of what else stays when the batch changes: adapted thresholds, masks
state        bytes of what a run leaves behind: voltages, spikes, histories; they grow with the batch, and histories with the longest delay
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

from torch import Tensor, nn

from snnlab.connections import Connection
from snnlab.core.module import Module
from snnlab.core.record import RecordTensor
from snnlab.network.layer import Layer

HEAD = ("part", "kind", "shape", "parameters", "open", "delays", "memory", "state")
NUMBERS = {"parameters", "open", "memory", "state"}  # columns that stand flush right


@dataclass(frozen=True)
class Part:
    """One line of a summary. Sizes in bytes; `name` is what leads to the part, as in the names that `run` records.

    `open`: of a connection with a mask, how many weights it leaves open, and how many there are; else None.
    """

    name: str
    kind: str
    shape: str = ""
    parameters: int = 0
    delays: str = ""
    memory: int = 0
    state: int = 0
    open: tuple[int, int] | None = None

    def cells(self) -> tuple[str, ...]:
        """The line as words, one a column."""
        count = f"{self.parameters:,}" if self.parameters else ""
        masked = "" if self.open is None else f"{self.open[0]:,} of {self.open[1]:,}"
        return (self.name, self.kind, self.shape, count, masked, self.delays, human(self.memory), human(self.state))


class Summary:
    """A table of the parts of a model; shown as text, and as a table in a notebook. Without any mask it has no column for it.

    Args:
        title: what the model is.
        parts: one line each, with `name`, `kind`, `shape`, `parameters`, `open`, `delays`, `memory`, `state`; sizes in bytes.
        total: their sum, with what several parts share counted once.

    Example:
        >>> table = snn.summary(torch.nn.Linear(3, 4))
        >>> table.total.parameters, table.total.memory, [part.kind for part in table.parts]
        (16, 64, ['Linear'])
    """

    def __init__(self, title: str, parts: list[Part], total: Part) -> None:
        self.title, self.parts, self.total = title, parts, total

    def __repr__(self) -> str:
        lines = self._lines()
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = ["  ".join(_flush(name, cell, width) for name, cell, width in zip(lines[0], line, widths, strict=True)) for line in lines]
        rule = "─" * max(map(len, text))
        return "\n".join(each.rstrip() for each in (self.title, text[0], rule, *text[1:-1], rule, text[-1]))

    def _lines(self) -> list[tuple[str, ...]]:
        """Head, parts and total, as words; the column of masks only where there is one."""
        lines = [HEAD, *(part.cells() for part in self.parts), self.total.cells()]
        masked = any(part.open is not None for part in self.parts)
        return [tuple(cell for name, cell in zip(HEAD, line, strict=True) if masked or name != "open") for line in lines]

    def _repr_html_(self) -> str:
        head, *body, total = self._lines()

        def line(cells: tuple[str, ...], tag: str) -> str:
            side = {name: "right" if name in NUMBERS else "left" for name in head}
            items = zip(head, cells, strict=True)
            return "<tr>" + "".join(f'<{tag} style="text-align:{side[name]}">{escape(cell)}</{tag}>' for name, cell in items) + "</tr>"

        return (
            f"<table><caption>{escape(self.title)}</caption><thead>{line(head, 'th')}</thead>"
            f"<tbody>{''.join(line(cells, 'td') for cells in body)}</tbody><tfoot>{line(total, 'th')}</tfoot></table>"
        )


def summary(model: nn.Module) -> Summary:
    """What a model is made of: parts, shapes, parameters, delays, memory.

    Args:
        model: a layer, or any other module: one connection, a group of neurons, a learning rule; or a `torch.nn.Module` that holds some of
            these, such as a `ModuleList` of layers, of which each is listed.

    Returns:
        the table, which shows itself; `total` and `parts` hold its numbers.

    Raises:
        TypeError: what came is no module.

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(spike_charge=1.0)
        >>> connection = snn.LinearDense((8, 8), 100, 1.0, synapse=synapse, delay=20.0, batch_size=32)
        >>> neuron = snn.LIF(100, 1.0, rest_v=-65., reset_v=-65., thresh_v=-60., refrac_t=2., time_constant=10., batch_size=32)
        >>> summary(snn.Serial(connection, neuron))
        Serial, batch 32, steps of 1 ms
        part                        kind          shape            parameters  delays      memory     state
        ───────────────────────────────────────────────────────────────────────────────────────────────────
        connections.serial          LinearDense   8×8 → 100            12,800  0 ms      50.0 KiB
        connections.serial.synapse  DeltaCurrent  64                           21 slots             336 KiB
        neurons.serial              LIF           100                                              28.1 KiB
        cells.serial.serial         Cell          serial → serial
        ───────────────────────────────────────────────────────────────────────────────────────────────────
        total                                                          12,800            50.0 KiB   364 KiB
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a module, such as a Layer or a Connection, but is {model!r} ({type(model).__name__}).")
    parts = list(_parts("", model))
    parameters, memory, state = _sizes(model)
    return Summary(_title(model), parts or [Part("no parts yet", "")], Part("total", "", "", parameters, "", memory, state))


def _title(model: nn.Module) -> str:
    def have(name: str) -> Any:
        try:
            return getattr(model, name, None)
        except RuntimeError:  # a layer without parts, or of parts that differ
            return None

    batch, step_time = have("batchsz"), have("dt")
    words = [type(model).__name__, f"batch {batch}" if batch else "", f"steps of {step_time:g} ms" if step_time else ""]
    return ", ".join(filter(None, words))


def _parts(name: str, module: nn.Module) -> Iterator[Part]:
    """Lines of a layer; of each module in what merely holds modules of this library; else of the module alone."""
    if isinstance(module, Layer):
        yield from _layer(name, module)
    elif not isinstance(module, Module) and any(isinstance(each, Module) for each in module.modules()):
        children = dict(module.named_children())
        for child, held in children.items():
            yield from _parts(f"{name}.{child}".lstrip("."), held)
        yield from _itself(name, module, list(children.values()))
    else:
        yield from _part(name, module)


def _itself(name: str, module: nn.Module, within: list[nn.Module]) -> Iterator[Part]:
    """A line for what a module keeps beside the modules in it, if it does."""
    parameters, memory, state = _sizes(module, within)
    if parameters or memory or state:
        yield Part(name or "itself", type(module).__name__, "", parameters, "", memory, state)


def _layer(name: str, layer: Layer) -> Iterator[Part]:
    parts, lead = [layer.connections_, layer.neurons_, layer.cells_], f"{name}." if name else ""
    for each, connection in layer.named_connections:
        yield from _part(f"{lead}connections.{each}", connection)
    for each, neuron in layer.named_neurons:
        yield from _part(f"{lead}neurons.{each}", neuron)
    for (connection, neuron), cell in layer.named_cells:
        yield Part(f"{lead}cells.{connection}.{neuron}", type(cell).__name__, f"{connection} → {neuron}")
    others = {each: child for each, child in layer.named_children() if child not in parts}
    for each, child in others.items():
        yield from _part(f"{lead}{each}", child)
    yield from _itself(name, layer, [*parts, *others.values()])


def _part(name: str, module: nn.Module) -> Iterator[Part]:
    within = [module.synapse, module.updater] if isinstance(module, Connection) else []
    parameters, memory, state = _sizes(module, within)
    yield Part(name or "itself", type(module).__name__, _shape(module), parameters, _delays(module), memory, state, _open(module))
    if isinstance(module, Connection):
        lead = f"{name}." if name else ""
        yield from _part(f"{lead}synapse", module.synapse)
        if module.updater is not None:
            yield Part(f"{lead}updater", type(module.updater).__name__, "of " + ", ".join(module.updater.names))


def _shape(module: nn.Module) -> str:
    if isinstance(module, Connection):
        return f"{_times(module.inshape)} → {_times(module.outshape)}"
    shape = getattr(module, "shape", None)
    return _times(shape) if isinstance(shape, tuple) else ""


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _open(module: nn.Module) -> tuple[int, int] | None:
    """How many weights a connection's mask leaves open, and how many there are."""
    mask = getattr(module, "mask", None) if isinstance(module, Connection) else None
    return None if mask is None or mask.is_meta else (int(mask.count_nonzero()), mask.numel())


def _delays(module: nn.Module) -> str:
    """The present range of a connection's delays where there are synapses; how many steps a synapse remembers."""
    if isinstance(module, Connection):
        if module.delay is None:
            return ""
        if module.delay.is_meta or not module.delay.numel():
            return f"to {module.delayedby:g} ms"
        delay, mask = module.delay.detach(), getattr(module, "mask", None)
        if mask is not None and mask.shape == delay.shape:
            delay = delay[mask != 0]
        if not delay.numel():
            return ""
        low, high = (extreme.item() for extreme in delay.aminmax())
        return f"{low:g} ms" if low == high else f"{low:.3g}–{high:.3g} ms"
    slots = max((record.slots for record in module.children() if isinstance(record, RecordTensor)), default=0)
    return f"{slots} slot{'s' if slots > 1 else ''}" if slots else ""


def _sizes(module: nn.Module, without: list[nn.Module | None] = ()) -> tuple[int, int, int]:
    """Number of parameters, bytes of what stays, bytes of run state; what lies within `without` is left out."""
    skipped = {id(part) for each in without if each is not None for part in each.modules()}
    parameters, kept, state = {}, {}, {}
    for part in module.modules():
        if id(part) in skipped:
            continue
        parameters |= {id(value): value for value in part.parameters(recurse=False)}
        for name, value in part.named_buffers(recurse=False):
            moves = isinstance(part, RecordTensor) or name in getattr(part, "_states", {})
            (state if moves else kept)[id(value)] = value
    return sum(each.numel() for each in parameters.values()), _bytes(parameters | kept), _bytes(state)


def _bytes(tensors: dict[int, Tensor]) -> int:
    return sum(each.numel() * each.element_size() for each in tensors.values())


def _flush(name: str, cell: str, width: int) -> str:
    return cell.rjust(width) if name in NUMBERS else cell.ljust(width)


def human(size: int) -> str:
    """A number of bytes in the unit that suits it; "" for none."""
    if not size:
        return ""
    if size < 1024:
        return f"{size} B"
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        size /= 1024
        if size < 1023.5 or unit == "TiB":
            break
    return f"{size:.{2 if size < 9.995 else 1 if size < 99.95 else 0}f} {unit}"
