"""Devices that a reader may choose from, and why some of them are missing here."""

import torch

NAMES = ("auto", "cpu", "cuda", "mps")


def missing(name: str) -> str:
    """Why this device cannot be used; "" where it can.

    Example:
        >>> missing("cpu")
        ''
    """
    if name == "cuda" and not torch.cuda.is_available():
        return "no NVIDIA GPU found" if torch.version.cuda else "this torch was built without CUDA"
    if name == "mps" and not torch.backends.mps.is_available():
        return "no Metal GPU found" if torch.backends.mps.is_built() else "only on Macs with a Metal GPU"
    return ""


def choose(name: str) -> torch.device:
    """The device of that name; "auto" takes the first GPU that is there, else the CPU.

    Raises:
        ValueError: unknown name.
        RuntimeError: the device is missing here; the message says why.
    """
    if name not in NAMES:
        raise ValueError(f"device must be one of {', '.join(map(repr, NAMES))}, but is {name!r}.")
    if name == "auto":
        name = next(name for name in ("cuda", "mps", "cpu") if not missing(name))
    if missing(name):
        raise RuntimeError(f"{name} is missing here: {missing(name)}. Choose 'auto' or 'cpu'.")
    return torch.device(name)


def choices() -> list[dict[str, str]]:
    """Names for a menu, each with the reason why it cannot be chosen."""
    auto = choose("auto").type
    return [{"name": name, "label": f"auto ({auto})" if name == "auto" else name, "missing": missing(name)} for name in NAMES]
