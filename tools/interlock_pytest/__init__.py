"""Interlock in pytest: specifications are tests, one for each property, and so are candidates; see docs/pytest.md."""

from interlock_pytest.candidates import conforms

__all__ = ["conforms"]
