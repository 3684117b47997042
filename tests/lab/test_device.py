import pytest
import torch

from snnlab.lab import device


def test_the_cpu_is_always_there():
    assert device.choose("cpu") == torch.device("cpu")


def test_auto_takes_the_first_gpu_else_the_cpu(monkeypatch):
    monkeypatch.setattr(device, "missing", lambda name: "" if name in ("cpu", "mps") else "not here")
    assert device.choose("auto") == torch.device("mps")
    monkeypatch.setattr(device, "missing", lambda name: "" if name == "cpu" else "not here")
    assert device.choose("auto") == torch.device("cpu")


def test_a_missing_device_says_why_and_what_to_do(monkeypatch):
    monkeypatch.setattr(device, "missing", lambda name: "this torch was built without CUDA")
    with pytest.raises(RuntimeError, match=r"cuda is missing here: this torch was built without CUDA. Choose 'auto' or 'cpu'"):
        device.choose("cuda")


def test_an_unknown_device_is_refused():
    with pytest.raises(ValueError, match="device must be one of 'auto', 'cpu', 'cuda', 'mps', but is 'tpu'"):
        device.choose("tpu")


def test_the_menu_lists_all_with_reasons(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    menu = {choice["name"]: choice for choice in device.choices()}
    assert list(menu) == ["auto", "cpu", "cuda", "mps"]
    assert menu["auto"]["label"] == "auto (cpu)"
    assert menu["cpu"]["missing"] == ""
    assert menu["cuda"]["missing"]
    assert menu["mps"]["missing"]
