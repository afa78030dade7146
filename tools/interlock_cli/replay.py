"""Run the one execution that a token names, and print every step of it.

`interlock conform` prints the token of what it finds: the specification, the candidate, the workload, the schedule.
"""

from __future__ import annotations

import dataclasses
import re
from argparse import ArgumentParser, Namespace

from interlock import __version__

SUMMARY = "run one schedule of an implementation again"
EXAMPLES = """\
example:
  interlock replay 'spec/list_lru list_lru.broken.unlocked_init:ListLrus init(0) | activate(0) @ 0*3 1*12 0*3'
"""

_TOKEN = re.compile(r"\s*(?P<path>.+?)\s+(?P<candidate>[\w.]+:\w+)\s+(?P<rest>.*@.*)\Z", re.DOTALL)


def configure(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("token", metavar="TOKEN", help="SPEC MODULE:CLASS WORKLOAD @ SCHEDULE, as `conform` prints it")
    parser.add_argument("--binding", metavar="MODULE:CLASS", help="as for `conform`")
    parser.add_argument(
        "--backend", choices=("greenlets", "threads"), default="greenlets",
        help="threads: those of the operating system, one at a time, for the same steps",
    )  # fmt: skip
    parser.add_argument("--format", choices=("text", "json"), default="text", help="json: see docs/conformance.md")


def run(arguments: Namespace) -> int:
    """Run it; exit code 1 where it breaks a property, as it did when it was found."""
    from interlock.core.diagnostic import diagnose
    from interlock_cli.candidates import opened
    from interlock_cli.console import apart, complain
    from interlock_conformance.conform import Options, replay
    from interlock_conformance.json_report import text_of_rows
    from interlock_conformance.matrix import Row
    from interlock_conformance.schedule import TokenError, parse_token
    from interlock_conformance.scheduling.pooled_threads import Pool
    from interlock_conformance.verdict import report

    parts = _TOKEN.match(arguments.token)
    if parts is None:
        complain((diagnose("E0942", "a token is `SPEC MODULE:CLASS WORKLOAD @ SCHEDULE`"),))
        return 2
    try:
        workload, _ = parse_token(parts["rest"])
    except TokenError as error:
        complain((diagnose("E0942", str(error)),))
        return 2
    with apart():
        asked = opened(parts["path"], parts["candidate"], arguments.binding)
    if asked is None:
        return 2
    options = Options(known=frozenset(asked.candidate.exempt), refined=asked.refined)
    with Pool() as pool, apart():
        home = pool.home if arguments.backend == "threads" else None
        verdict = replay(asked.binding, asked.system, parts["rest"], dataclasses.replace(options, home=home))
    row = Row(parts["candidate"], None, ((str(workload), verdict),))
    print(report(verdict) if arguments.format == "text" else text_of_rows([row], __version__))
    return 0 if row.as_expected else 1
