"""Traced linear connection: every input reaches every output, and each synapse shows its share.

    potential[n, m] = W[n, m]·s[m](t − d)         trace[n, m] = z[m](t − d)

Summed over m, the potentials are the currents of `snnlab.connections.dense`.
"""

import torch.nn.functional as F
from torch import Tensor

from snnlab.connections import LinearDense
from snnlab.core import checks
from snnlab.traced.history import HistoryConnection, delays_of_weights, spike_synapse


class Linear(HistoryConnection, LinearDense):
    """All-to-all connection for spikes with traces.

    Equation: `help("snnlab.traced.linear")`.

    Args:
        in_features: number of presynaptic cells.
        out_features: number of neurons.
        batch_size: number of samples.
        dt: length of a simulation step.
        delay: time from a spike to its arrival, a whole multiple of `dt`, or a tensor of such times, one a synapse, that broadcasts to
            `shape`. 0: none.

    Units:
        dt, delay: ms

    Shape:
        x, trace_in: B x 1 x I -> potentials, trace: B x 1 x O x I;  weight: O x I

    Raises:
        ValueError: a size or time out of its range; a delay that is no whole multiple of `dt`, or differs between samples.

    Example:
        >>> connection = Linear(2, 1, batch_size=1, dt=1.0, delay=0.0)
        >>> connection.weight = torch.tensor([[0.5, 3.0]])
        >>> potentials, trace = connection(torch.tensor([[[True, False]]]), torch.tensor([[[1.0, 0.25]]]))
        >>> potentials, trace
        (tensor([[[[0.5000, 0.0000]]]]), tensor([[[[1.0000, 0.2500]]]]))
    """

    def __init__(self, in_features: int, out_features: int, batch_size: int, dt: float, delay: float | Tensor) -> None:
        inputs, outputs = checks.whole("in_features", in_features), checks.whole("out_features", out_features)
        batch, dt = checks.whole("batch_size", batch_size), checks.positive("dt", dt, "ms")
        delays = delays_of_weights(delay, dt, (batch, 1, outputs, inputs))
        delayed = {} if delays is None else {"delay": delays.max().item(), "delay_init": lambda zeros: delays[0]}
        LinearDense.__init__(self, (1, inputs), (1, outputs), dt, synapse=spike_synapse(dt), batch_size=batch, **delayed)
        self.keep_traces()

    def spread(self, x: Tensor) -> Tensor:
        """Lays out B x 1 x I as B x 1 x 1 x I, and B x O x I (or B x O x I x 1) as B x 1 x O x I."""
        inputs, outputs = self.insize(), self.outsize()
        shapes = [(self.batchsz, 1, inputs), (self.batchsz, outputs, inputs), self.shape, (self.batchsz, outputs, inputs, 1)]
        if tuple(x.shape) not in shapes:
            raise ValueError(f"x must be of shape {shapes[0]} (B x 1 x I) or {shapes[1]} (B x O x I), but is of shape {tuple(x.shape)}.")
        return x.reshape(self.batchsz, 1, -1, inputs)

    def weight_of_synapses(self) -> Tensor:
        """The weights, O x I."""
        return self.open_weight()

    def sum_shared(self, x: Tensor) -> Tensor:
        """One matrix product: B x 1 x I -> B x 1 x O."""
        return F.linear(x, self.open_weight())

    def sum_delayed(self) -> Tensor:
        """The delayed product: B x 1 x O."""
        return self.read_sum(self.open_weight()).t().reshape(self.batched_outshape)
