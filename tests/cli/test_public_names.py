"""The public interface exists, is small, and says what it lacks."""

import importlib

import pytest

import interlock


def test_every_public_name_is_there():
    for name in interlock.__all__:
        assert getattr(interlock, name) is not None
    assert len(interlock.__all__) <= 25
    assert list(interlock.__all__) == sorted(interlock.__all__)


def test_each_home_defines_its_names():
    for home, names in interlock._HOMES.items():
        module = importlib.import_module(home)
        assert all(hasattr(module, name) for name in names)
    assert sorted(n for names in interlock._HOMES.values() for n in names) == sorted(interlock.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'prooove'"):
        _ = interlock.prooove
