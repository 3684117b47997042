"""RecurrentSerial: neurons that are fed forward, and others that watch them and feed back one step later.

    I_ff[t] = feedfwd( inputs[t] ) + feedback( s_fb[t−1] )      s_ff[t] = spikes of the feedfwd neurons from I_ff[t]
    I_fb[t] = lateral( s_ff[t] )                                s_fb[t] = spikes of the feedback neurons from I_fb[t]

    inputs ──► feedfwd ──►(+)──► feedfwd neurons ──► spikes
                           ▲            │
                       feedback      lateral
                           │            ▼
                    one step ago ── feedback neurons ──► spikes

The lateral way takes no step, the way back takes one: s_fb is zero before the first step.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from snnlab.connections import Connection
from snnlab.core import checks
from snnlab.core.module import changes
from snnlab.network.cell import Cell
from snnlab.network.fixed import fixed_parts
from snnlab.network.layer import Layer
from snnlab.network.step import check_connection, check_keywords, check_pairs, check_transform, check_wired, takes_spikes
from snnlab.neurons import Neuron

Kwargs = dict[str, Any]

UNCHECKED = (None, None, None)
"""When the parts were last checked, in changes; the shape of spikes that are fed back with which nothing can be wrong within; the shape of
spikes from outside with which nothing can be wrong either. None for a shape: there is none."""


@fixed_parts
class RecurrentSerial(Layer):
    """A group of neurons that is fed forward, and a second group that listens to it and feeds back at the next step.

    For a group that feeds itself, E to E or I to I, and for any other recurrence, see `help(snn.Layer)`: a recipe of a few lines.

    Args:
        feedfwd_connection: from inputs to the feedfwd neurons.
        lateral_connection: from the feedfwd neurons to the feedback neurons, within a step.
        feedback_connection: from the feedback neurons to the feedfwd neurons, one step later.
        feedfwd_neuron, feedback_neuron: the two groups.
        feedfwd_out_transform, lateral_out_transform, feedback_out_transform: applied to the currents of each connection, `f(currents)`.
        lateral_in_transform, feedback_in_transform: from spikes to the connection's inputs, `f(spikes)`, a tensor or a tuple of tensors;
            None passes the spikes on.
        feedfwd_connection_name, lateral_connection_name, feedback_connection_name: names of the connections in the layer.
        feedfwd_neuron_name, feedback_neuron_name: names of the two groups in the layer.
        trainable_feedback: whether the lateral and the feedback connection have cells too, so that rules can train them.

    Attributes:
        feedback_spikes: spikes of the feedback neurons at the last step, B x shape; what the next step feeds back.

    Raises:
        RuntimeError: a connection of a cell whose outputs are not shaped like its neurons; a name that is taken; parts of different step
            times.
        ValueError: a part whose outputs do not fit the next, with no transform between the two.

    Example:
        >>> synapse, cells = snn.DeltaCurrent.partialconstructor(100.0), dict(rest_v=-65., reset_v=-65., refrac_t=0., time_constant=10.)
        >>> feed = snn.LinearDense(3, 2, 1.0, synapse=synapse, weight_init=torch.ones_like)
        >>> out, back = (snn.LinearDirect(2, 1.0, synapse=synapse, weight_init=lambda w: sign * torch.ones_like(w)) for sign in (1, -9))
        >>> layer = RecurrentSerial(feed, out, back, snn.LIF(2, 1.0, thresh_v=-60.0, **cells), snn.LIF(2, 1.0, thresh_v=-60.0, **cells))
        >>> for step in range(3):  # what fires is silenced one step later
        ...     print(*layer(torch.ones(1, 3)))
        tensor([[True, True]]) tensor([[True, True]])
        tensor([[False, False]]) tensor([[False, False]])
        tensor([[False, False]]) tensor([[False, False]])
    """

    def __init__(
        self,
        feedfwd_connection: Connection,
        lateral_connection: Connection,
        feedback_connection: Connection,
        feedfwd_neuron: Neuron,
        feedback_neuron: Neuron,
        *,
        feedfwd_out_transform: Callable[[Tensor], Tensor] | None = None,
        lateral_out_transform: Callable[[Tensor], Tensor] | None = None,
        feedback_out_transform: Callable[[Tensor], Tensor] | None = None,
        lateral_in_transform: Callable[[Tensor], Tensor | tuple[Tensor, ...]] | None = None,
        feedback_in_transform: Callable[[Tensor], Tensor | tuple[Tensor, ...]] | None = None,
        feedfwd_connection_name: str = "feedfwd",
        lateral_connection_name: str = "lateral",
        feedback_connection_name: str = "feedback",
        feedfwd_neuron_name: str = "feedfwd",
        feedback_neuron_name: str = "feedback",
        trainable_feedback: bool = False,
    ) -> None:
        super().__init__()
        self._paths = (feedfwd_connection_name, lateral_connection_name, feedback_connection_name)
        self._groups = (feedfwd_neuron_name, feedback_neuron_name)
        for name, connection in zip(self._paths, (feedfwd_connection, lateral_connection, feedback_connection), strict=True):
            Layer.add_connection(self, name, connection)
        for name, neuron in zip(self._groups, (feedfwd_neuron, feedback_neuron), strict=True):
            Layer.add_neuron(self, name, neuron)
        self.dt  # noqa: B018 - one step time, or RuntimeError: not every connection has a cell that would see to it
        self.feedfwd_out_transform = check_transform("feedfwd_out_transform", feedfwd_out_transform)
        self.lateral_out_transform = check_transform("lateral_out_transform", lateral_out_transform)
        self.feedback_out_transform = check_transform("feedback_out_transform", feedback_out_transform)
        self.lateral_in_transform = check_transform("lateral_in_transform", lateral_in_transform)
        self.feedback_in_transform = check_transform("feedback_in_transform", feedback_in_transform)
        Layer.add_cell(self, feedfwd_connection_name, feedfwd_neuron_name)
        if checks.boolean("trainable_feedback", trainable_feedback):
            Layer.add_cell(self, lateral_connection_name, feedback_neuron_name)
            Layer.add_cell(self, feedback_connection_name, feedfwd_neuron_name)
        cells = tuple(cell for _, cell in self.named_cells)
        self.__dict__["_at_hand"] = (dict(self.connections_), dict(self.neurons_), cells)  # plain, for every step
        self.__dict__["_checked"] = UNCHECKED
        self._check_shapes()
        self.register_state("feedback_spikes", torch.zeros_like(feedback_neuron.spike, dtype=torch.bool))

    # --- parts --------------------------------------------------------------------------------------------------------------------

    @property
    def feedfwd_connection(self) -> Connection:
        """From inputs to the feedfwd neurons."""
        return self._at_hand[0][self._paths[0]]

    @property
    def lateral_connection(self) -> Connection:
        """From the feedfwd neurons to the feedback neurons."""
        return self._at_hand[0][self._paths[1]]

    @property
    def feedback_connection(self) -> Connection:
        """From the feedback neurons back to the feedfwd neurons."""
        return self._at_hand[0][self._paths[2]]

    @property
    def feedfwd_neuron(self) -> Neuron:
        """The neurons that inputs drive."""
        return self._at_hand[1][self._groups[0]]

    @property
    def feedback_neuron(self) -> Neuron:
        """The neurons that listen, and feed back."""
        return self._at_hand[1][self._groups[1]]

    feedfwd_synapse = property(lambda self: self.feedfwd_connection.synapse, doc="Synapse of the feedfwd connection.")
    lateral_synapse = property(lambda self: self.lateral_connection.synapse, doc="Synapse of the lateral connection.")
    feedback_synapse = property(lambda self: self.feedback_connection.synapse, doc="Synapse of the feedback connection.")
    feedfwd_updater = property(lambda self: self.feedfwd_connection.updater, doc="Updater of the feedfwd connection, or None.")
    lateral_updater = property(lambda self: self.lateral_connection.updater, doc="Updater of the lateral connection, or None.")
    feedback_updater = property(lambda self: self.feedback_connection.updater, doc="Updater of the feedback connection, or None.")
    feedfwd_cell = property(lambda self: self._cell(0, 0), doc="Cell of the feedfwd connection and the feedfwd neurons.")
    lateral_cell = property(lambda self: self._cell(1, 1), doc="Cell of the lateral connection and the feedback neurons, or None.")
    feedback_cell = property(lambda self: self._cell(2, 0), doc="Cell of the feedback connection and the feedfwd neurons, or None.")

    def _cell(self, path: int, group: int) -> Cell | None:
        return dict(self.named_cells).get((self._paths[path], self._groups[group]))

    @property
    def batched_inshape(self) -> tuple[int, ...]:
        """Shape of the inputs of a step: (B, *inshape)."""
        return self.feedfwd_connection.batched_inshape

    # --- running ------------------------------------------------------------------------------------------------------------------

    def wiring(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Feedfwd and feedback currents add up for the feedfwd neurons; lateral ones go to the feedback neurons."""
        feedfwd, lateral, feedback = map(inputs.get, self._paths)
        if feedfwd is not None and self.feedfwd_out_transform is not None:
            feedfwd = self.feedfwd_out_transform(feedfwd)
        if lateral is not None and self.lateral_out_transform is not None:
            lateral = self.lateral_out_transform(lateral)
        if feedback is not None and self.feedback_out_transform is not None:
            feedback = self.feedback_out_transform(feedback)
        drive = feedback if feedfwd is None else feedfwd
        if feedfwd is not None and feedback is not None:
            if feedback.shape != feedfwd.shape:
                hint = "It is added to the feedfwd currents."
                checks.shaped("current of the feedback connection", feedback, tuple(feedfwd.shape), hint=hint)
            drive = feedfwd + feedback
        currents = {} if drive is None else {self._groups[0]: drive}
        return currents if lateral is None else currents | {self._groups[1]: lateral}

    def forward(
        self,
        *inputs: Tensor,
        lateral_connection_args: tuple[Tensor, ...] | None = None,
        feedback_connection_args: tuple[Tensor, ...] | None = None,
        feedfwd_connection_kwargs: Kwargs | None = None,
        lateral_connection_kwargs: Kwargs | None = None,
        feedback_connection_kwargs: Kwargs | None = None,
        feedfwd_neuron_kwargs: Kwargs | None = None,
        feedback_neuron_kwargs: Kwargs | None = None,
        capture_intermediate: bool = False,
    ) -> tuple[Tensor, Tensor] | tuple[tuple[Tensor, Tensor], dict[str, Tensor]]:
        """One step.

        Args:
            *inputs: inputs of the feedfwd connection, B x inshape.
            lateral_connection_args, feedback_connection_args: further inputs of the two connections, after the spikes.
            feedfwd_connection_kwargs, lateral_connection_kwargs, feedback_connection_kwargs: keywords for the connections' calls.
            feedfwd_neuron_kwargs, feedback_neuron_kwargs: keywords for the neurons' calls.
            capture_intermediate: whether the connections' currents are returned too.

        Returns:
            spikes of the feedfwd and of the feedback neurons, bool, B x shape; of neurons with a surrogate, where gradients are recorded, 0
            and 1; with `capture_intermediate`, also currents by connection.

        Raises:
            ValueError, TypeError: an input of a wrong shape, or NaN; an unknown keyword; parts that no longer fit. No part has run.
            RuntimeError: parts of different batch sizes or step times. No part has run.
        """
        to_connections = [each or {} for each in (feedfwd_connection_kwargs, lateral_connection_kwargs, feedback_connection_kwargs)]
        to_neurons = [each or {} for each in (feedfwd_neuron_kwargs, feedback_neuron_kwargs)]
        to_lateral, to_feedback = _further(lateral_connection_args), _further(feedback_connection_args)
        fed_back = _tuple(self.feedback_in_transform, self._last_spikes(), to_feedback)
        self._check_step(inputs, fed_back, to_lateral, to_connections, to_neurons)
        feedfwd, lateral, feedback = self._paths
        connections, _, cells = self._at_hand
        ran = {
            feedfwd: connections[feedfwd](*inputs, **to_connections[0]),
            feedback: connections[feedback](*fed_back, **to_connections[2]),
        }
        forward_spikes = self._fire(ran, 0, to_neurons[0])
        sent = _tuple(self.lateral_in_transform, forward_spikes, to_lateral)
        ran[lateral] = connections[lateral](*sent, **to_connections[1])
        back_spikes = self._fire({lateral: ran[lateral]}, 1, to_neurons[1])
        self.set_states(feedback_spikes=back_spikes.clone())
        for cell in cells:
            cell.observe()
        spikes = (forward_spikes, back_spikes)
        return (spikes, {name: ran[name] for name in self._paths}) if capture_intermediate else spikes

    def _fire(self, ran: dict[str, Tensor], group: int, kwargs: Kwargs) -> Tensor:
        """Steps the one group of neurons that these connections feed."""
        currents, neurons, name = self.wiring(ran), self._at_hand[1], self._groups[group]
        if not isinstance(currents, dict):
            check_wired(neurons, currents)
        current, neuron = currents.get(name), neurons[name]
        if len(currents) != 1 or not isinstance(current, Tensor) or current.shape != neuron.batchedshape:
            check_wired(neurons, currents)
        return neuron(current, **kwargs)

    def _last_spikes(self) -> Tensor:
        """What is fed back; at rest where the neurons were given another batch size, which brought them to rest."""
        samples = self.feedback_neuron.batchsz
        if self._buffers["feedback_spikes"].shape[0] != samples:
            self.resize_states(samples)
        return self._buffers["feedback_spikes"]

    def _check_step(
        self, inputs: tuple, fed_back: tuple, sent_along: tuple, to_connections: list[Kwargs], to_neurons: list[Kwargs]
    ) -> None:
        """Refuses, before any part has run, what a part would refuse after others have; but for what a transform makes of the spikes."""
        connections, neurons, _ = self._at_hand
        feedfwd, lateral, feedback = self._paths
        if self._checked[0] != (now := changes()):
            check_pairs(connections, neurons)
            self._check_shapes()
            transforms = (self.lateral_in_transform, self.feedback_in_transform)
            sure = transforms == (None, None) and takes_spikes(connections[lateral]) and takes_spikes(connections[feedback])
            within = connections[feedback].batched_inshape if sure else None
            outside = connections[feedfwd].batched_inshape if takes_spikes(connections[feedfwd]) else None
            self.__dict__["_checked"] = (now, within, outside)
        _, within, outside = self._checked
        more = sent_along or len(fed_back) > 1 or any(to_connections) or any(to_neurons)
        first = inputs[0] if len(inputs) == 1 else None
        spikes = isinstance(first, Tensor) and first.dtype == torch.bool and first.shape == outside
        if more or not spikes:
            check_connection(feedfwd, connections[feedfwd], inputs, to_connections[0])
        back = fed_back[0] if within is not None and not more else None
        if back is not None and back.shape == within and (back.dtype == torch.bool or back.requires_grad):
            return  # spikes of the layer's own neurons, and nothing that somebody has put in their place
        for neuron, kwargs in zip(neurons.values(), to_neurons, strict=True):
            if kwargs:
                check_keywords(neuron.forward, kwargs)
        spikes = () if self.lateral_in_transform is not None else (self.feedfwd_neuron.spike,)
        sent = (*spikes, *sent_along) or (self.feedfwd_neuron.spike.new_zeros(self.lateral_connection.batched_inshape),)
        check_connection(lateral, connections[lateral], sent, to_connections[1])
        check_connection(feedback, connections[feedback], fed_back, to_connections[2])

    def _check_shapes(self) -> None:
        """ValueError where one part's outputs do not fit the next, and no transform stands between the two to make them fit."""
        feedfwd, feedback = self.feedfwd_neuron.shape, self.feedback_neuron.shape
        for kind, transform, ours, whose, theirs in (
            ("outputs of the feedback", self.feedback_out_transform, self.feedback_connection.outshape, "feedfwd", feedfwd),
            ("outputs of the lateral", self.lateral_out_transform, self.lateral_connection.outshape, "feedback", feedback),
            ("inputs of the lateral", self.lateral_in_transform, self.lateral_connection.inshape, "feedfwd", feedfwd),
            ("inputs of the feedback", self.feedback_in_transform, self.feedback_connection.inshape, "feedback", feedback),
        ):
            if transform is None and tuple(ours) != tuple(theirs):
                raise ValueError(
                    f"{kind} connection must be shaped like the {whose} neurons, {tuple(theirs)}, but are of shape {tuple(ours)}. "
                    "Make them equal, or give a transform between the two."
                )

    def __getstate__(self) -> Kwargs:
        return super().__getstate__() | {"_checked": UNCHECKED}  # another process counts changes of its own

    def clear(self, clear_feedback: bool = True, submodules: bool = True, **kwargs: Any) -> None:
        """Brings the layer to rest.

        Args:
            clear_feedback: whether the spikes of the last step, which the next would feed back, are forgotten.
            submodules: whether connections and neurons are cleared too.
            **kwargs: passed to their `clear`, such as `keep_adaptations=False`.
        """
        spikes = torch.zeros_like(self.feedback_spikes, dtype=torch.bool) if clear_feedback else self.feedback_spikes
        super().clear(submodules=submodules, **kwargs)
        self.feedback_spikes = spikes


def _further(inputs: tuple[Tensor, ...] | Tensor | None) -> tuple[Tensor, ...]:
    """Further inputs as a tuple; a tensor alone is one input."""
    return () if inputs is None else (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)


def _tuple(transform: Callable[[Tensor], Any] | None, spikes: Tensor, further: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The inputs of a connection: spikes, through the transform if there is one, and whatever is given besides."""
    sent = spikes if transform is None else transform(spikes)
    return (*(sent if isinstance(sent, tuple | list) else (sent,)), *further)
