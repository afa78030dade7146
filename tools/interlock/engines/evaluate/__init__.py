"""The reference meaning of transition systems over finite scopes, in plain Python.

`instantiate` makes a `Model` of a system, which has initial states, successors, and formulas as functions of states;
`replay` judges a trace; `explain` says why a formula is false in a state.
"""

from interlock.engines.evaluate.explain import explain, explain_obligation
from interlock.engines.evaluate.layout import Unsupported
from interlock.engines.evaluate.mismatch import explain_start, explain_step
from interlock.engines.evaluate.replay import replay, state_satisfies
from interlock.engines.evaluate.states import Model, Packed, Successor, instantiate

__all__ = [
    "Model",
    "Packed",
    "Successor",
    "Unsupported",
    "explain",
    "explain_obligation",
    "explain_start",
    "explain_step",
    "instantiate",
    "replay",
    "state_satisfies",
]
