"""The tools that can be imported here, and why the others cannot."""

from __future__ import annotations

from importlib import import_module

from contenders.contender import Contender

_WAYS: tuple[tuple[str, str, tuple[tuple[str, tuple[str, ...]], ...]], ...] = (
    (
        "Interlock",
        "contenders.interlock",
        (("Interlock", ("reduced",)), ("Interlock", ("plain",)), ("Interlock", ("priorities",))),
    ),
    ("frontrun", "contenders.frontrun", (("Dpor", ()), ("Random", ()))),
    (
        "interleave-test",
        "contenders.interleave",
        (("Interleave", ("dfs", "line")), ("Interleave", ("dfs", "opcode")), ("Interleave", ("pct", "opcode"))),
    ),
    ("Hypothesis", "contenders.state_machine", (("StateMachine", ()),)),
)


def contenders() -> tuple[dict[str, Contender], dict[str, str]]:
    """The contenders by name, and the tools that are missing with the reason."""
    present: dict[str, Contender] = {}
    missing: dict[str, str] = {}
    for tool, module, ways in _WAYS:
        try:
            imported = import_module(module)
        except ImportError as error:
            missing[tool] = str(error)
            continue
        for kind, arguments in ways:
            made: Contender = getattr(imported, kind)(*arguments)
            present[made.name] = made
    return present, missing
