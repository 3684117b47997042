"""Updates: what rules propose, gathered, bounded and applied."""

from snnlab.updates.accumulator import Accumulator
from snnlab.updates.limits import Clamping, Normalization
from snnlab.updates.product import Change, Product
from snnlab.updates.updater import Updatable, Updater

__all__ = ["Accumulator", "Change", "Clamping", "Normalization", "Product", "Updatable", "Updater"]
