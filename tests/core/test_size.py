"""Full or small, by one environment variable."""

import pytest

import snnlab as snn


@pytest.mark.parametrize(("value", "expected"), [(None, "full"), ("0", "full"), ("", "full"), ("1", "small")])
def test_the_variable_chooses_the_size(monkeypatch, value, expected):
    monkeypatch.delenv("SNNLAB_SMALL", raising=False)
    if value is not None:
        monkeypatch.setenv("SNNLAB_SMALL", value)
    assert snn.sized("full", "small") == expected
