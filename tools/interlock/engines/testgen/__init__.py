"""Test cases from a specification: runs that take every step, and every two steps of which one can follow the other.

`cover` explores a scope and chooses the runs; they are values that a renderer turns into a file.
"""

from interlock.engines.testgen.cases import Case, Cases, Refusal, Taken, cover
from interlock.engines.testgen.space import Bounds

__all__ = ["Bounds", "Case", "Cases", "Refusal", "Taken", "cover"]
