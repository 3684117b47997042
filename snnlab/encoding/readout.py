"""Readout: which class a layer's activity speaks for, from the mean response of each neuron to each class.

With x[b, n] the rate of neuron n for sample b, and r[n, c] what the classifier has learned:

    learning      r[n, c] ← exp(−decay·count_c)·r[n, c] + mean of x[b, n] over the samples b of class c
    assignment    a[n] = argmax over c of r[n, c]             the class that neuron n responds to most
    proportion    p[n, c] = r[n, c] / Σ_c r[n, c]             how much of its response goes to it
    regression    y[b, c] = mean over the neurons n with a[n] = c of x[b, n]·p[n, c]

The predicted class is the argmax of y. A class that no neuron is assigned to scores 0. A neuron that has not responded yet counts to
class 0, the first of equals.

Reference: Diehl and Cook, Front. Comput. Neurosci. 9 (2015) 99; Hazan et al., Front. Neuroinform. 12 (2018) 89 (proportions).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from snnlab.core import checks
from snnlab.core.module import Module


def class_means(inputs: Tensor, labels: Tensor, num_classes: int) -> tuple[Tensor, Tensor]:
    """The mean response of each neuron to each class, and how often each class came.

    Args:
        inputs: rates.
        labels: the class of each sample, 0 to num_classes − 1.
        num_classes: how many classes there are.

    Shape:
        inputs: (B, N);  labels: (B,)  ->  means: (N, C), 0 for a class that did not come;  counts: (C,)

    Example:
        >>> class_means(torch.tensor([[1.0], [3.0]]), torch.tensor([1, 1]), 2)
        (tensor([[0., 2.]]), tensor([0., 2.]))
    """
    member = F.one_hot(labels.long(), num_classes).to(inputs.dtype)
    counts = member.sum(0)
    return inputs.T @ (member / counts.clamp(min=1)), counts


class MaxRateClassifier(Module):
    """Classifies by the neurons that respond most to each class. What it learns, `clear` leaves alone.

    Args:
        shape: shape of the layer that is read, without the batch.
        num_classes: how many classes there are.
        decay: how fast what was learned fades, per sample of a class, at 0 or above; 0 keeps it.

    Units:
        rates: spikes a step (or any other measure of activity, at 0 or above);  decay: 1 per sample

    Shape:
        inputs: (T, B, *shape) spikes, averaged over T, or (B, *shape) rates;  labels, predictions: (B,);  logits: (B, C)

    Attributes:
        rates_: the Parameter r (requires no gradient), of shape (*shape, C). Assign to `rates`, which checks and derives the rest.
        proportions: p, of shape (*shape, C).
        assignments: a, of shape `shape`.
        occurrences: how many neurons each class has, of shape (C,).

    Example:
        >>> classifier = MaxRateClassifier((2,), 2)
        >>> classifier.update(torch.tensor([[0.9, 0.1], [0.2, 0.4]]), torch.tensor([0, 1]))
        >>> classifier.assignments
        tensor([0, 1])
        >>> classifier.classify(torch.tensor([[0.1, 0.8]]))
        tensor([1])
    """

    def __init__(self, shape: tuple[int, ...] | int, num_classes: int, *, decay: float = 0.0) -> None:
        super().__init__()
        self.shape = checks.shape("shape", shape)
        self.num_classes = checks.whole("num_classes", num_classes)
        self.decay = decay
        self.rates_ = nn.Parameter(torch.zeros(*self.shape, num_classes), requires_grad=False)
        self._derive()

    @property
    def decay(self) -> float:
        """How fast what was learned fades, per sample of a class."""
        return self._decay

    @decay.setter
    def decay(self, value: float) -> None:
        self._decay = checks.not_negative("decay", value, "per sample")

    @property
    def rates(self) -> Tensor:
        """What was learned: the Parameter `rates_`. Assigning copies into it."""
        return self.rates_

    @rates.setter
    def rates(self, value: Tensor) -> None:
        wanted = (*self.shape, self.num_classes)
        checks.shaped("rates", value, wanted, "neurons x classes")
        with torch.no_grad():
            self.rates_.copy_(self._fitting("rates", value))
        self._derive()

    def _derive(self) -> None:
        rates = self.rates_.detach()
        self.register_buffer("proportions", F.normalize(rates, p=1, dim=-1), persistent=False)
        self.register_buffer("assignments", rates.argmax(-1), persistent=False)
        self.register_buffer("occurrences", self.assignments.flatten().bincount(minlength=self.num_classes), persistent=False)

    def _fitting(self, name: str, value: Tensor) -> Tensor:
        _not_negative(name, value)
        return checks.fitting(name, value, self.rates_.dtype)

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs) -> None:
        state_dict, key = dict(state_dict), f"{prefix}rates_"
        try:  # what the setter refuses is no better in a file
            if key in state_dict:
                self._fitting(key, state_dict[key])
        except (ValueError, TypeError) as error:
            error_msgs.append(str(error))
            state_dict[key] = self.rates_.detach()
        super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        self._derive()

    def update(self, inputs: Tensor, labels: Tensor) -> None:
        """Learns from labelled samples.

        Args:
            inputs: spikes or rates.
            labels: the class of each sample, whole numbers from 0 to num_classes − 1.

        Raises:
            TypeError: inputs or labels is no tensor, or labels are no whole numbers.
            ValueError: a shape does not fit, a label is out of range, or an input is negative or not finite. Nothing is learned then.
        """
        self._learn(self._mean_rates(inputs), labels)

    def regress(self, inputs: Tensor, proportional: bool = True) -> Tensor:
        """The score of each class.

        Args:
            inputs: spikes or rates.
            proportional: whether each neuron's rate is weighted by the share of its response that goes to its class.

        Returns:
            the logits y.

        Raises:
            TypeError, ValueError: as for `update`.
            RuntimeError: nothing was learned yet.
        """
        rates = self._mean_rates(inputs)
        if not self.rates_.any():
            raise RuntimeError("Nothing is learned yet, so no class can be told. Call update(inputs, labels) first.")
        return self._scores(rates, proportional)

    def classify(self, inputs: Tensor, proportional: bool = True) -> Tensor:
        """The class of the highest score, the first of equals. Arguments as in `regress`."""
        return self.regress(inputs, proportional).argmax(1)

    def forward(
        self, inputs: Tensor, labels: Tensor | None = None, logits: bool | None = False, proportional: bool = True
    ) -> Tensor | tuple[Tensor, Tensor] | None:
        """Predicts, then learns where labels are given.

        Args:
            inputs: spikes or rates.
            labels: the class of each sample; None learns nothing.
            logits: whether to return the scores as well; None predicts nothing and only learns.
            proportional: as in `regress`.

        Returns:
            the predictions, or predictions and logits, or None.

        Raises:
            TypeError, ValueError: as for `update`.
        """
        rates = self._mean_rates(inputs)
        scores = None if logits is None else self._scores(rates, proportional)
        if labels is not None:
            self._learn(rates, labels)
        if scores is None:
            return None
        return (scores.argmax(1), scores) if logits else scores.argmax(1)

    def _scores(self, rates: Tensor, proportional: bool) -> Tensor:
        vote = F.one_hot(self.assignments.flatten(), self.num_classes).to(rates.dtype)
        if proportional:
            vote = vote * self.proportions.reshape(-1, self.num_classes)
        return rates @ (vote / self.occurrences.clamp(min=1))

    def _learn(self, rates: Tensor, labels: Tensor) -> None:
        checks.shaped("labels", labels, (len(rates),), "B", "Pass one label a sample.")
        if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
            raise TypeError(f"labels must be whole numbers, but are of dtype {labels.dtype}. Convert them with labels.long().")
        if not len(labels):
            return
        least, greatest = (extreme.item() for extreme in torch.aminmax(labels))
        if least < 0 or greatest >= self.num_classes:
            wrong = least if least < 0 else greatest
            raise ValueError(f"labels must be 0 to {self.num_classes - 1}, but one is {wrong}. Set num_classes to the number of classes.")
        means, counts = class_means(rates, labels, self.num_classes)
        self.rates = torch.exp(-self.decay * counts) * self.rates_ + means.reshape(self.rates_.shape)

    def _mean_rates(self, inputs: Tensor) -> Tensor:
        """Checked inputs as rates of shape (B, N), in the dtype of what was learned."""
        shape = tuple(checks.tensor("inputs", inputs).shape)
        extra = len(shape) - len(self.shape)
        if extra not in (1, 2) or shape[extra:] != self.shape:
            wanted = ", ".join(map(str, self.shape))
            raise ValueError(
                f"inputs must be of shape (T, B, {wanted}) or (B, {wanted}), but is of shape {shape}. Keep the batch, even of one sample."
            )
        if shape[0] == 0 and extra == 2:
            raise ValueError(f"inputs must have at least one step, but is of shape {shape}. Record the layer's spikes for a while first.")
        _not_negative("inputs", inputs)
        rates = inputs.detach().to(self.rates_.dtype)
        return (rates.mean(0) if extra == 2 else rates).flatten(1)

    def extra_repr(self) -> str:
        return f"shape={self.shape}, num_classes={self.num_classes}, decay={self.decay}"


def _not_negative(name: str, values: Tensor) -> None:
    checks.finite(name, values)
    if values.numel() and values.dtype != torch.bool and values.min() < 0:
        raise ValueError(f"{name} must be 0 or above in every element, but is {values.min().item():g} in one. Pass spikes or rates.")
