"""Options that several commands share, and the request that they make."""

from __future__ import annotations

import argparse
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interlock.pipeline import Command, Request


def add_judging(parser: ArgumentParser, *, scope: bool, unbounded: bool = False) -> None:
    """Paths, output and limits of a command that judges."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a specification, or a folder of them")
    parser.add_argument("-p", "--property", action="append", default=[], metavar="NAME", help="judge only this one")
    if scope or unbounded:  # argparse cannot print the help of a group without options
        size = parser.add_mutually_exclusive_group()
        if scope:
            size.add_argument("--scope", default="", help="a scope of the file, or sizes: Lru=2,Memcg=3")
        if unbounded:
            size.add_argument("--unbounded", action="store_true", help="sorts of any size instead of a scope")
    output = parser.add_argument_group("output")
    output.add_argument("--format", choices=("text", "json"), default="text", help="json: see docs/json.md")
    output.add_argument("-v", "--verbose", action="store_true", help="inferred lemmas, and bookkeeping in traces")
    output.add_argument("--no-time", action="store_true", help="leave out times, so that output can be compared")
    output.add_argument(
        "--diagrams", metavar="DIR", help="draw each counterexample as DIR/MODULE.PROPERTY.svg (with -v: each witness)"
    )
    output.add_argument(
        "--itf", metavar="DIR", help="write each counterexample as DIR/MODULE.PROPERTY.itf.json (with -v: each witness)"
    )
    output.add_argument("--report", metavar="FILE", help="write a page with verdicts, runs and pictures: report.html")
    output.add_argument("-j", "--jobs", type=positive, default=0, metavar="N", help="files judged at a time")
    limits = parser.add_argument_group("limits")
    limits.add_argument("--limit", type=positive_float, default=300.0, metavar="S", help="each file, all engines")
    limits.add_argument("--query-seconds", type=positive_float, default=20.0, metavar="S", help="each solver query")
    limits.add_argument("--total-seconds", type=positive_float, default=120.0, metavar="S", help="each engine")
    limits.add_argument("--depth", type=natural, default=12, metavar="N", help="steps of a bounded search")
    limits.add_argument("--states", type=positive, metavar="N", help="states the explorer keeps")


def add_exploring(parser: ArgumentParser) -> None:
    """How a finite scope is explored."""
    how = parser.add_argument_group("how states are explored")
    how.add_argument(
        "--engine",
        choices=("auto", "native", "reference"),
        default="auto",
        help="native: compiled to machine code; reference: slow and plain; auto: the reference for small scopes",
    )
    end = how.add_mutually_exclusive_group()
    end.add_argument("--first", action="store_true", help="stop at the first violation")
    end.add_argument("--continue", action="store_false", dest="first", help="go on to the end of the scope (default)")
    how.add_argument("--threads", type=positive, default=0, metavar="N", help="threads (default: all cores)")
    how.add_argument("--memory", type=size, default=0, metavar="SIZE", help="memory for states: 500M, 4G")
    how.add_argument("--spill", default="", metavar="DIR", help="put into files there what does not fit into memory")
    how.add_argument("--checkpoint", default="", metavar="DIR", help="save there how far it is, and go on from there")
    how.add_argument(
        "--checkpoint-seconds", type=positive_float, default=30.0, metavar="S", help="between two savings (default: 30)"
    )
    how.add_argument("--no-symmetry", action="store_true", help="tell elements of a sort apart")
    how.add_argument("--no-partial-order", action="store_true", help="take independent steps in every order")


def add_explaining(parser: ArgumentParser) -> None:
    """How a log is explained by runs of a specification."""
    log = parser.add_argument_group("how a log is judged")
    log.add_argument("--scope", default="", help="a scope of the file, or sizes: Lru=2,Memcg=3")
    log.add_argument(
        "--hide", action="append", default=[], metavar="NAME", help="an action, process or step that is not logged"
    )
    log.add_argument("--no-invariants", action="store_true", help="judge steps alone, not what states break")
    log.add_argument("--limit", type=positive_float, default=300.0, metavar="S", help="for a log (default: 300)")
    log.add_argument("--states", type=positive, default=100_000, metavar="N", help="that explain a moment")
    log.add_argument(
        "--window", type=positive, default=1_024, metavar="N", help="lines by which events may be out of order"
    )


def request(command: Command, arguments: Namespace) -> Request:
    """The request that the options make."""
    from interlock.engines.protocol import Limits
    from interlock.pipeline import Request

    limits = Limits(
        query_seconds=arguments.query_seconds,
        total_seconds=arguments.total_seconds,
        depth=arguments.depth,
        states=arguments.states,
        unbounded=getattr(arguments, "unbounded", False),
        threads=getattr(arguments, "threads", 0),
        memory=getattr(arguments, "memory", 0),
        symmetry=not getattr(arguments, "no_symmetry", False),
        partial_order=not getattr(arguments, "no_partial_order", False),
        spill=getattr(arguments, "spill", ""),
        checkpoint=getattr(arguments, "checkpoint", ""),
        checkpoint_seconds=getattr(arguments, "checkpoint_seconds", 30.0),
    )
    return Request(
        command,
        getattr(arguments, "scope", ""),
        tuple(arguments.property),
        limits,
        arguments.limit,
        arguments.engine if "engine" in arguments else "auto",
        getattr(arguments, "first", False),
    )


def jobs(arguments: Namespace) -> int:
    """How many files are judged at a time: as asked, or one for each core this process may use."""
    from interlock.engines.protocol import processors

    return int(arguments.jobs) or processors()


def positive(text: str) -> int:
    """A whole number of at least 1."""
    number = natural(text)
    if number == 0:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def natural(text: str) -> int:
    """A whole number of at least 0."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise argparse.ArgumentTypeError(f"`{text}` is not a whole number")
    return int(text)


def size(text: str) -> int:
    """A number of bytes: `4G`, `500M`, `1048576`."""
    from interlock.engines.native.memory import parse_size

    try:
        number = parse_size(text) if len(text) <= 20 else 0
    except ValueError:
        number = 0
    if number <= 0:
        raise argparse.ArgumentTypeError(f"`{text}` is no amount of memory; write it like 500M or 4G")
    return number


def positive_float(text: str) -> float:
    """A finite number of seconds above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e9:
        raise argparse.ArgumentTypeError(f"`{text}` is not a number of seconds")
    return number
