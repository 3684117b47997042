"""Every synapse, neuron, connection and layer of the library keeps the contract; its laws are in `snnlab/contract/`, the models in
`contract/subjects.py`. Each law is a test of its name: `pytest tests/test_contract.py -k clear_restores`.
"""

import inspect
from collections.abc import Callable

import pytest

import snnlab as snn
from snnlab.contract import LAWS, Law, Subject, rule
from tests.contract.subjects import SUBJECTS


@pytest.mark.parametrize(
    "kind",
    [
        each
        for each in (getattr(snn, name) for name in snn.__all__)
        if inspect.isclass(each) and issubclass(each, snn.Synapse | snn.Neuron | snn.Connection | snn.Layer)
    ],
)
def test_every_model_that_is_public_is_under_the_contract(kind):
    if inspect.isabstract(kind):
        return
    parts = [module for subject in SUBJECTS.values() for module in subject.build(1).modules()]
    assert any(type(part) is kind for part in parts)


def _test_of(law: Law) -> Callable[..., None]:
    """The test that every model keeps a law, in every way in which it is tried."""
    models = {name: subject for name, subject in SUBJECTS.items() if law.of(subject.build(1))}

    @pytest.mark.parametrize("subject", models.values(), ids=models)
    @pytest.mark.parametrize("case", law.cases.values(), ids=law.cases)
    def test(subject: Subject, case: tuple) -> None:
        law(subject, *case)

    @pytest.mark.skip(reason="needs a CUDA device")
    def none() -> None: ...

    return test if models else none


OF_RULES = {law.name for law in vars(rule).values() if isinstance(law, Law)}  # tried on every rule in contract/test_rule.py
globals().update({f"test_{name}": _test_of(law) for name, law in LAWS.items() if name not in OF_RULES})
