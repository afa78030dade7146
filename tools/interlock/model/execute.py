"""Running the statements of one atomic step symbolically, into guarded updates (ruling 2).

Each way through the step is a path: a conjunction of guards over the state before, the symbols written so far, and the
values that were picked.  A statement takes a path to all its continuations; one that jumped goes no further.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from interlock.core.rewrite import substitute
from interlock.core.source import Span
from interlock.core.term import (
    TRUE,
    App,
    Literal,
    Some,
    Symbol,
    Term,
    Var,
    conjuncts,
    negate,
)
from interlock.core.types import OptionType
from interlock.lang import typed
from interlock.model.path import Path, present, write
from interlock.model.walking import Walker


@dataclass
class Executor(Walker):
    """Runs blocks for one step of one process or action."""

    def block(self, block: typed.Block, path: Path) -> list[Path]:
        """All paths through a block; a path that jumped goes no further."""
        paths = [path]
        for statement in block:
            paths = [
                after
                for before in paths
                for after in ([before] if before.jump is not None else self.statement(statement, before))
            ]
        return paths

    def statement(self, statement: typed.Statement, path: Path) -> list[Path]:
        """All paths through one statement."""
        match statement:
            case typed.Assign():
                return self._assign(statement, path)
            case typed.Let():
                found = self.value(statement.value, path, statement.span)
                return [] if found is None else [found[1].bind(statement.var, found[0])]
            case typed.Invoke():
                return self._invoke(statement, path)
            case typed.Pick():
                return self._pick(statement, path)
            case typed.Havoc():
                return self._havoc(statement, path)
            case typed.Await():
                return self._under(statement.condition, path, statement.span)
            case typed.Assert():
                found = self.value(statement.condition, path, statement.span)
                if found is None:
                    return []
                self.oblige(statement.property, found[0], found[1], statement.span)
                return present(found[1].guarded(found[0]))
            case typed.Jump():
                if statement.value is None:
                    return [replace(path, jump=statement)]
                found = self.value(statement.value, path, statement.span)
                return [] if found is None else [replace(found[1], jump=statement, value=found[0])]
            case typed.If():
                found = self.value(statement.condition, path, statement.span)
                if found is None:
                    return []
                condition, path = found
                yes, no = path.guarded(condition), path.guarded(negate(condition))
                return [
                    *([] if yes is None else self.block(statement.yes, yes)),
                    *([] if no is None else self.block(statement.no, no)),
                ]
            case typed.Either():
                return [after for branch in statement.branches for after in self.block(branch, path)]
            case typed.WalkStart():
                return self.walk_start(statement.walk, path, statement.span)
            case typed.WalkNext():
                return [
                    *(after.bind(statement.result, Some(w)) for w, after in self.walk_next(statement.walk, path)),
                    *(
                        after.bind(statement.result, Literal(None, statement.result.type))
                        for after in self.walk_end(statement.walk, path)
                    ),
                ]
            case _:
                assert_never(statement)

    def _under(self, condition: Term, path: Path, span: Span) -> list[Path]:
        found = self.value(condition, path, span)
        return [] if found is None else present(found[1].guarded(found[0]))

    def _invoke(self, call: typed.Invoke, path: Path) -> list[Path]:
        args: list[Term] = []
        for param, arg in zip(call.operation.params, call.args, strict=True):
            found = self.value(arg, path, call.span)
            inside = None if found is None else self.in_range(param.type, found[0], found[1], call.span)
            if found is None or inside is None:
                return []
            args.append(found[0])
            path = inside
        caller = path.env
        frame: dict[Var, Term] = dict(zip(call.operation.params, args, strict=True))
        if typed.SELF in caller:
            frame[typed.SELF] = caller[typed.SELF]
        results: list[Path] = []
        for after in self.block(call.operation.body, replace(path, env=frame)):
            env, inside = caller, after
            if call.result is not None and after.value is not None:
                env = {**caller, call.result: after.value}
                inside = self.in_range(call.result.type, after.value, after, call.span)
            if inside is not None:
                results.append(replace(inside, env=env, jump=None, value=None))
        return results

    def _pick(self, pick: typed.Pick, path: Path) -> list[Path]:
        results: list[Path] = []
        for bound, values in self.split.assignments((pick.var,)):
            now = path
            renamed: dict[Var, Term] = {}
            for var in bound:
                new, now = self.witness(var.name, var.type, now)
                renamed[var] = new
            chosen = substitute(values.get(pick.var, pick.var), renamed)
            results.extend(self._under(pick.where, now.bind(pick.var, chosen), pick.span))
        return results

    # ------------------------------------------------------------ writing

    def _assign(self, statement: typed.Assign, path: Path) -> list[Path]:
        bound = tuple(arg.var for arg in statement.args if isinstance(arg, typed.Bound))
        now: Path | None = path
        for variables, values in self.split.assignments(bound):
            if now is None:
                return []
            now = self._assign_kind(statement, now, path, variables, values)
        return present(now)

    def _assign_kind(
        self,
        statement: typed.Assign,
        path: Path,
        before: Path,
        variables: tuple[Var, ...],
        values: Mapping[Var, Term],
    ) -> Path | None:
        """Write for one choice of kinds; the right side reads `before`, where no kind has been written yet."""
        taken = self._taken(path)
        renaming: dict[Var, Term] = {}
        for number, var in enumerate(variables):
            renaming[var] = Var(f"_{number}{var.name}" if var.name in taken else var.name, var.type)
        inner = {**path.env, **renaming, **{v: substitute(t, renaming) for v, t in values.items()}}
        scope = frozenset(v for v in renaming.values() if isinstance(v, Var))
        reading = replace(path, env=inner, store=before.store)
        args: list[Term] = []
        for arg in statement.args:
            if isinstance(arg, typed.Bound):
                args.append(inner[arg.var])
                continue
            found = self._hoist(self.read(arg, reading), reading, (), scope, statement.span)
            if found is None:
                return None
            args.append(found[0])
            reading = found[1]
        guarded = self._hoist(self.read(statement.where, reading), reading, (), scope, statement.span)
        if guarded is None:
            return None
        where, reading = guarded
        computed = self._hoist(self.read(statement.value, reading), reading, conjuncts(where), scope, statement.span)
        if computed is None:
            return None
        value, reading = computed
        applied = self.split.apply(statement.symbol, tuple(args))
        assert isinstance(applied, App)
        after = self.in_range(applied.symbol.result, value, reading, statement.span, where, scope)
        for type_, arg in zip(applied.symbol.params, applied.args, strict=True):
            after = None if after is None else self.in_range(type_, arg, after, statement.span, where, scope)
        if after is None:
            return None
        after = replace(after, env=path.env, store=path.store)
        return write(after, applied.symbol, applied.args, value, where, scope)

    def _havoc(self, statement: typed.Havoc, path: Path) -> list[Path]:
        args: list[Term] = []
        for arg in statement.args:
            found = self.value(arg, path, statement.span)
            if found is None:
                return []
            args.append(found[0])
            path = found[1]
        if statement.whole:
            return self._havoc_whole(statement, tuple(args), path)
        applied = self.split.apply(statement.symbol, tuple(args))
        assert isinstance(applied, App)
        result = applied.symbol.result
        options: list[tuple[Term, Path]] = []
        if isinstance(result, OptionType):
            var, with_value = self.witness(statement.symbol.name.rsplit(".", 1)[-1], result.of, path)
            options = [(Literal(None, result), path), (Some(var), with_value)]
        else:
            var, with_value = self.witness(statement.symbol.name.rsplit(".", 1)[-1], result, path)
            options = [(var, with_value)]
        results: list[Path] = []
        for value, now in options:
            after = write(now, applied.symbol, applied.args, value, TRUE, frozenset())
            results.extend(self._such_that(statement, now, after))
        return results

    def _havoc_whole(self, statement: typed.Havoc, args: tuple[Term, ...], path: Path) -> list[Path]:
        now = path
        for symbol, _ in self.split.versions(statement.symbol):
            rest = symbol.params[len(args) :]
            formals = tuple(Var(f"_{i}", t) for i, t in enumerate(rest))
            choice = Symbol(f"{symbol.name}%{len(now.choices)}", symbol.params, symbol.result, rigid=True)
            now = replace(now, choices=(*now.choices, choice))
            now = write(now, symbol, (*args, *formals), App(choice, (*args, *formals)), TRUE, frozenset(formals))
        return self._such_that(statement, path, now)

    def _such_that(self, statement: typed.Havoc, before: Path, after: Path) -> list[Path]:
        reading = replace(after, store=before.store)
        formula = self.read(statement.such_that, reading, after.store)
        found = self._hoist(formula, reading, (), frozenset(), statement.span)
        if found is None:
            return []
        guarded = found[1].guarded(found[0])
        return [] if guarded is None else [replace(guarded, store=after.store)]
