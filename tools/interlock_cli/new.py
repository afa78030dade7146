"""Write a small, valid specification to start from; never overwrites a file."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from pathlib import Path

from interlock.core.diagnostic import diagnose

SUMMARY = "start a specification"
EXAMPLES = """\
example:
  interlock new handoff      writes handoff.ilk
"""

TEMPLATE = """\
--- Threads that take turns in a critical section.
module {name}

sort Thread

--- Whoever is inside, if anybody.
var owner: Thread? = none

process turn(t: Thread) {{
  local seen: Bool
  step enter: await owner = none; owner := t
  step work: seen := true
  step leave: owner := none
}}

--- A thread that has not left yet is the owner.
lemma inside: forall t: Thread :: (at(turn(t), work) or at(turn(t), leave)) implies owner = t

invariant mutual_exclusion: forall t, u: Thread :: at(turn(t), work) and at(turn(u), work) implies t = u

reachable somebody_finishes: exists t: Thread :: done(turn(t))

scope small {{ Thread = 2 }}

expect mutual_exclusion proved
"""


def configure(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("name", metavar="NAME", help="the module's name; the file is NAME.ilk")


def run(arguments: Namespace) -> int:
    """Write the file."""
    from interlock_cli.console import complain

    name = arguments.name.removesuffix(".ilk")
    path = Path(f"{name}.ilk")
    module = path.stem
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", module):
        fix = "letters, digits and `_`, a letter first"
        complain((diagnose("E0926", f"`{module}` cannot be the name of a module", fix=fix),))
        return 2
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE.format(name=module))
    except FileExistsError:
        complain((diagnose("E0925", "the file exists and is left as it is", path=str(path)),))
        return 2
    except OSError as problem:
        complain((diagnose("E0927", f"cannot write the file: {problem.strerror}", path=str(path)),))
        return 2
    print(f"{path} written; try: interlock check {path}")
    return 0
