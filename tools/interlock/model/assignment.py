"""Definite assignment: a local of a sort or enum is set on every path before a step reads it (ruling 27).

Such a local has no value to start with, so it is stored as an option that code reads as if it were set.  That reading
is right only because of this check, which is a must-analysis over the control graph and never a guess: at each node it
keeps the locals that every path from the entry has set, starting from none at the entry and intersecting where paths
meet.  These sets only ever shrink, so a read that is found unset once stays so, and is reported on the spot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from interlock.core.diagnostic import Diagnostic, Label, diagnose
from interlock.core.rewrite import subterms
from interlock.core.source import Span
from interlock.core.term import App, Symbol, Term, Unwrap
from interlock.lang import typed
from interlock.lang.check import terms_of
from interlock.model.control import Advance, Branch, Choice, End, Finish, Forward, Graph, Leave, Node, Returned, Step

Assigned: TypeAlias = frozenset[Symbol]


def unset_reads(graph: Graph) -> tuple[Diagnostic, ...]:
    """An error for each statement or condition that may read a local before it is set."""
    loops = {step.code.var.symbol for step in graph.steps if isinstance(step.code, Advance)}
    watched = {v.symbol: v for v in graph.process.locals if v.implicit and v.symbol not in loops}
    if not watched:
        return ()
    analysis = Analysis(graph, watched)
    analysis.run()
    return tuple(analysis.found.values())


@dataclass
class Analysis:
    """The locals that are set before each node, and what was read too early.

    Loops set their own variables, which their bodies alone can name, so those are not watched.
    """

    graph: Graph
    watched: dict[Symbol, typed.Local]
    before: dict[int, Assigned] = field(default_factory=dict[int, Assigned])
    pending: list[Node] = field(default_factory=list[Node])
    found: dict[tuple[Symbol, int], Diagnostic] = field(default_factory=dict[tuple[Symbol, int], Diagnostic])

    def run(self) -> None:
        """Follow every edge until nothing changes."""
        self._meet(self.graph.entry, frozenset())
        while self.pending:
            node = self.pending.pop()
            for successor, assigned in self._after(node, self.before[id(node)]):
                self._meet(successor, assigned)

    def _meet(self, node: Node, assigned: Assigned) -> None:
        """One more path leads to the node."""
        known = self.before.get(id(node))
        met = assigned if known is None else known & assigned
        if met != known:
            self.before[id(node)] = met
            self.pending.append(node)

    def _after(self, node: Node, assigned: Assigned) -> Iterator[tuple[Node, Assigned]]:
        match node:
            case Step():
                yield from self._step(node, assigned)
            case Choice():
                yield from ((branch, assigned) for branch in node.branches)
            case Branch():
                self._read(node.condition, assigned, node.span)
                yield node.yes, assigned
                yield node.no, assigned
            case Returned():
                self._read(node.value, assigned, node.span)
                yield node.next, assigned
            case Leave():
                yield node.next, assigned
            case Forward():
                assert node.target is not None
                yield node.target, assigned
            case End():
                pass
            case _:
                assert_never(node)

    def _step(self, step: Step, assigned: Assigned) -> Iterator[tuple[Node, Assigned]]:
        if isinstance(step.code, Advance | Finish):
            self._read(step.code.walk.over.body, assigned, step.span)
            yield step.next, assigned
            return
        jumps: list[tuple[typed.Jump, Assigned]] = []
        end = self._block(step.code, assigned, jumps)
        if end is not None:
            yield step.next, end
        for jump, there in jumps:
            yield self.graph.leave(step, jump), there

    def _block(
        self, block: typed.Block, assigned: Assigned, jumps: list[tuple[typed.Jump, Assigned]]
    ) -> Assigned | None:
        """What is set at the block's end, or None where every path jumps away."""
        for statement in block:
            for term in terms_of(statement):
                self._read(term, assigned, statement.span)
            match statement:
                case typed.Assign() | typed.Havoc():
                    assigned |= {statement.symbol} & self.watched.keys()
                case typed.If() | typed.Either():
                    branches = (statement.yes, statement.no) if isinstance(statement, typed.If) else statement.branches
                    ends = [self._block(branch, assigned, jumps) for branch in branches]
                    open_ends = [end for end in ends if end is not None]
                    if not open_ends:
                        return None
                    assigned = open_ends[0].intersection(*open_ends[1:])
                case typed.Jump():
                    jumps.append((statement, assigned))
                    return None
                case typed.WalkStart() | typed.WalkNext():
                    self._read(statement.walk.over.body, assigned, statement.span)
                case typed.Let() | typed.Invoke() | typed.Pick() | typed.Await() | typed.Assert():
                    pass
                case _:
                    assert_never(statement)
        return assigned

    def _read(self, term: Term, assigned: Assigned, span: Span) -> None:
        for part in subterms(term):
            match part:
                case Unwrap(arg=App(symbol=symbol)) if symbol in self.watched and symbol not in assigned:
                    self._report(self.watched[symbol], span)
                case _:
                    pass

    def _report(self, local: typed.Local, span: Span) -> None:
        name = local.symbol.name.rsplit(".", 1)[-1]
        type_ = str(local.symbol.result)
        self.found.setdefault(
            (local.symbol, span.start),
            diagnose(
                "E0509",
                f"`{name}` is read here, but a path leads here on which no step has set it",
                span,
                fix=f"assign it on every path before, or declare it as `{type_}`, which starts as `none`",
                labels=(Label(local.span, "a local of a sort or enum has no value at first"),),
            ),
        )
