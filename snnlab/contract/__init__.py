"""The contract: what every synapse, neuron, connection, layer and learning rule keeps, and a check of one that you wrote.

    snn.contract.check(lambda batch: MyCurrent(5, 1.0, batch_size=batch), size=5)       a synapse, a neuron, a connection, a layer
    snn.contract.check_rule(lambda: MyRule(lr=0.1))                                     a learning rule

Each says which laws are broken, what was seen, and what to do; the library's own models are tested with the same laws.
"""

from snnlab.contract.check import LAWS, ContractError, Report, check, check_rule
from snnlab.contract.law import Law
from snnlab.contract.subject import Subject

__all__ = ["LAWS", "ContractError", "Law", "Report", "Subject", "check", "check_rule"]
