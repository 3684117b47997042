"""Data that ships with an installed package, or is made on the spot."""

from snnlab.data.digits import Digits, digits

__all__ = ["Digits", "digits"]
