"""Data that ships with an installed package, or is made on the spot."""

from snnlab.data.digits import Digits, digits
from snnlab.data.patterns import HiddenPattern

__all__ = ["Digits", "HiddenPattern", "digits"]
