"""Running the statements of one atomic step symbolically, into guarded updates (ruling 2).

Each way through the step is a path: a conjunction of guards over the state before, the symbols written so far, and the
values that were picked.  A `!` in code becomes a witness: `slot(a!, i)` adds the guard `a = Some(w)` and goes on with
`w`, after the obligation that `a` is not none.  Under a condition (`l != none and alive(l!)`) it stays in place, and
its obligation is guarded by that condition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from interlock.core.rewrite import free_vars, substitute
from interlock.core.source import Span
from interlock.core.system import Obligation, Update
from interlock.core.term import (
    FALSE,
    TRUE,
    And,
    App,
    Compare,
    Count,
    Implies,
    Ite,
    Literal,
    Or,
    Quant,
    Some,
    Symbol,
    Term,
    Unwrap,
    Var,
    children,
    conj,
    conjuncts,
    equal,
    forall,
    implies,
    ite,
    negate,
    rebuild,
    type_of,
    unwrap,
)
from interlock.core.types import INT, OptionType, RangeType, Type
from interlock.lang import typed
from interlock.model.evaluation import Evaluation
from interlock.model.split import Places, Split


@dataclass(frozen=True)
class Path:
    """One way through a step so far."""

    guards: tuple[Term, ...] = ()
    store: Mapping[Symbol, Update] = field(default_factory=dict[Symbol, Update])
    env: Mapping[Var, Term] = field(default_factory=dict[Var, Term])
    witnesses: tuple[Var, ...] = ()
    choices: tuple[Symbol, ...] = ()
    unwrapped: tuple[tuple[Term, Var], ...] = ()
    jump: typed.Jump | None = None
    value: Term | None = None
    """What a jump that returns gives back."""

    def guarded(self, guard: Term) -> Path | None:
        """The path under one more guard; None where that can never hold."""
        if guard == TRUE or guard in self.guards:
            return self
        if guard == FALSE or any(negate(guard) == g for g in self.guards):
            return None
        return replace(self, guards=(*self.guards, *conjuncts(guard)))

    def bind(self, var: Var, value: Term) -> Path:
        """The path with a variable's value known."""
        return replace(self, env={**self.env, var: value})


@dataclass
class Executor:
    """Runs blocks for one step of one process or action; obligations collect here."""

    split: Split
    places: Places
    action: str
    owner: str
    params: tuple[Var, ...]
    implicit: frozenset[Symbol]
    assume_only: bool = False
    obligations: list[Obligation] = field(default_factory=list[Obligation])

    # ------------------------------------------------------------ terms

    def _taken(self, path: Path) -> frozenset[str]:
        return frozenset(v.name for v in (*self.params, *path.witnesses))

    def read(self, term: Term, path: Path, after: Mapping[Symbol, Update] | None = None) -> Term:
        """The term at this point of the path, over the state before the step."""
        return Evaluation(self.split, self.places, path.store, after, self._taken(path)).term(term, path.env)

    def value(self, term: Term, path: Path, span: Span) -> tuple[Term, Path] | None:
        """Evaluate code: every `!` is obliged and hoisted; None where the path ends here."""
        return self._hoist(self.read(term, path), path, (), frozenset(), span)

    def _hoist(
        self, term: Term, path: Path, under: tuple[Term, ...], bound: frozenset[Var], span: Span
    ) -> tuple[Term, Path] | None:
        match term:
            case Unwrap():
                return self._unwrap(term, path, under, bound, span)
            case And():
                return self._hoist_connective(term, path, under, bound, span, lambda t: t)
            case Or():
                return self._hoist_connective(term, path, under, bound, span, negate)
            case Implies():
                return self._hoist_connective(term, path, under, bound, span, lambda t: t)
            case Ite():
                first = self._hoist(term.condition, path, under, bound, span)
                if first is None:
                    return None
                condition, path = first
                yes = self._hoist(term.yes, path, (*under, condition), bound, span)
                if yes is None:
                    return None
                no = self._hoist(term.no, yes[1], (*under, negate(condition)), bound, span)
                return None if no is None else (ite(condition, yes[0], no[0]), no[1])
            case Quant() | Count():
                body = self._hoist(term.body, path, under, bound | frozenset(term.vars), span)
                return None if body is None else (rebuild(term, (body[0],)), body[1])
            case _:
                parts: list[Term] = []
                for part in children(term):
                    found = self._hoist(part, path, under, bound, span)
                    if found is None:
                        return None
                    parts.append(found[0])
                    path = found[1]
                indexed = self._indexed(term, parts, path, under, bound, span) if isinstance(term, App) else path
                return None if indexed is None else ((rebuild(term, tuple(parts)) if parts else term), indexed)

    def _indexed(
        self, app: App, args: list[Term], path: Path, under: tuple[Term, ...], bound: frozenset[Var], span: Span
    ) -> Path | None:
        """Every index lies in the range over which the symbol is declared."""
        now: Path | None = path
        for type_, arg in zip(app.symbol.params, args, strict=True):
            now = None if now is None else self.in_range(type_, arg, now, span, conj(under), bound)
        return now

    def _hoist_connective(
        self,
        term: Term,
        path: Path,
        under: tuple[Term, ...],
        bound: frozenset[Var],
        span: Span,
        assume: Callable[[Term], Term],
    ) -> tuple[Term, Path] | None:
        """Left to right: what comes later is read only where what came earlier has not decided."""
        parts: list[Term] = []
        for part in children(term):
            found = self._hoist(part, path, (*under, *(assume(p) for p in parts)), bound, span)
            if found is None:
                return None
            parts.append(found[0])
            path = found[1]
        return rebuild(term, tuple(parts)), path

    def _unwrap(
        self, term: Unwrap, path: Path, under: tuple[Term, ...], bound: frozenset[Var], span: Span
    ) -> tuple[Term, Path] | None:
        found = self._hoist(term.arg, path, under, bound, span)
        if found is None:
            return None
        inner, path = found
        if isinstance(inner, Some):
            return inner.arg, path
        for known, var in path.unwrapped:
            if known == inner:
                return var, path
        is_there = negate(equal(inner, none_of(inner)))
        implicit = isinstance(inner, App) and inner.symbol in self.implicit
        if not implicit:
            condition = implies(conj(under), is_there)
            condition = forall(sorted(free_vars(condition) & bound, key=lambda v: v.name), condition)
            self.oblige(f"{self.owner}.unwrap", condition, path, span)
            narrowed = path.guarded(condition)
            if narrowed is None:
                return None
            path = narrowed
        if free_vars(inner) & bound or (under and not implicit):
            return unwrap(inner), path
        type_ = type_of(inner)
        assert isinstance(type_, OptionType)
        stem = inner.symbol.name.rsplit(".", 1)[-1] if isinstance(inner, App) else "value"
        var, path = self.witness(stem, type_.of, path)
        guarded = path.guarded(equal(inner, Some(var)))
        if guarded is None:
            return None
        return var, replace(guarded, unwrapped=(*guarded.unwrapped, (inner, var)))

    def witness(self, stem: str, type_: Type, path: Path) -> tuple[Var, Path]:
        """A new witness of the transition, named after what it stands for."""
        name, number, taken = stem, 2, self._taken(path)
        while name in taken:
            name, number = f"{stem}{number}", number + 1
        var = Var(name, type_)
        return var, replace(path, witnesses=(*path.witnesses, var))

    def oblige(self, name: str, condition: Term, path: Path, span: Span) -> None:
        """The condition must hold whenever this point of the path is reached."""
        if self.assume_only or condition == TRUE or condition in path.guards:
            return
        if isinstance(condition, And):
            for part in condition.args:
                self.oblige(name, part, path, span)
            return
        self.obligations.append(
            Obligation(name, self.action, self.params, path.witnesses, conj(path.guards), condition, path.choices, span)
        )

    # ------------------------------------------------------------ statements

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

    def in_range(
        self, type_: Type, value: Term, path: Path, span: Span, where: Term = TRUE, scope: frozenset[Var] = frozenset()
    ) -> Path | None:
        """A value that becomes one of a range (written, passed, returned, or an index) must lie in it.

        An obligation, then an assumption.  What is read from a symbol that the step has written is already unfolded,
        so its index is not seen here.
        """
        wanted = type_.of if isinstance(type_, OptionType) else type_
        plain = value.arg if isinstance(value, Some) else value
        if isinstance(type_of(plain), OptionType):
            where = conj((where, negate(equal(plain, none_of(plain)))))
            plain = unwrap(plain)
        if not isinstance(wanted, RangeType) or type_of(plain) == wanted or where == FALSE:
            return path
        match plain, wanted.high:
            case Literal(value=int(number)), int(high_end) if wanted.low <= number <= high_end:
                return path
            case _:
                pass
        high: Term = (
            Literal(wanted.high, INT) if isinstance(wanted.high, int) else App(Symbol(wanted.high, (), INT, rigid=True))
        )
        inside = conj((Compare("<=", Literal(wanted.low, INT), plain), Compare("<=", plain, high)))
        free = sorted((free_vars(plain) | free_vars(where)) & scope, key=lambda v: v.name)
        condition = forall(free, implies(where, inside))
        self.oblige(f"{self.owner}.range", condition, path, span)
        return path.guarded(condition)

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

    # ------------------------------------------------------------ walks (ruling 11)

    def members(self, walk: typed.Walk, path: Path, element: Term) -> Term:
        """Whether the element is in the walk's set now."""
        own: dict[Var, Term] = {p: path.env.get(p, p) for p in walk.params}
        reading = replace(path, env={**path.env, **own, walk.over.var: element})
        return self.read(walk.over.body, reading)

    def walk_start(self, walk: typed.Walk, path: Path, span: Span) -> list[Path]:
        """Owe what is in the set now; nothing is visited."""
        var = Var("_e", walk.over.var.type)
        found = self._hoist(self.members(walk, path, var), path, (), frozenset((var,)), span)
        if found is None:
            return []
        own = tuple(path.env.get(p, p) for p in walk.params)
        scope = frozenset((var,))
        after = write(found[1], walk.owed, (*own, var), found[0], TRUE, scope)
        return [write(after, walk.visited, (*own, var), FALSE, TRUE, scope)]

    def walk_next(self, walk: typed.Walk, path: Path) -> list[tuple[Var, Path]]:
        """Visit an element: one that is in the set now and not visited; of a snapshot, one that is owed."""
        own = tuple(path.env.get(p, p) for p in walk.params)
        stem = walk.over.var.name if walk.over.var.name != "x" else "element"
        element, now = self.witness(stem, walk.over.var.type, path)
        if walk.snapshot:
            guard = self._at(now, walk.owed, own, element)
        else:
            guard = conj((self.members(walk, now, element), negate(self._at(now, walk.visited, own, element))))
        guarded = now.guarded(guard)
        if guarded is None:
            return []
        after = write(guarded, walk.visited, (*own, element), TRUE, TRUE, frozenset())
        return [(element, write(after, walk.owed, (*own, element), FALSE, TRUE, frozenset()))]

    def walk_end(self, walk: typed.Walk, path: Path) -> list[Path]:
        """End the walk: possible when nothing is owed; its bookkeeping is forgotten."""
        own = tuple(path.env.get(p, p) for p in walk.params)
        var = Var("_e", walk.over.var.type)
        guarded = path.guarded(forall((var,), negate(self._at(path, walk.owed, own, var))))
        return [] if guarded is None else [self.walk_forget(walk, guarded)]

    def walk_forget(self, walk: typed.Walk, path: Path) -> Path:
        """Nothing is owed or visited any more."""
        own = tuple(path.env.get(p, p) for p in walk.params)
        var = Var("_e", walk.over.var.type)
        scope = frozenset((var,))
        after = write(path, walk.owed, (*own, var), FALSE, TRUE, scope)
        return write(after, walk.visited, (*own, var), FALSE, TRUE, scope)

    def _at(self, path: Path, symbol: Symbol, own: tuple[Term, ...], element: Term) -> Term:
        args = (*own, element)
        update = path.store.get(symbol)
        return (
            App(symbol, args)
            if update is None
            else substitute(update.value, dict(zip(update.formals, args, strict=True)))
        )


def write(path: Path, symbol: Symbol, args: tuple[Term, ...], value: Term, where: Term, scope: frozenset[Var]) -> Path:
    """The path after `symbol(args) := value where where`, in which variables of `scope` range over their types."""
    formals = formals_of(symbol)
    swap: dict[Var, Term] = {}
    conditions: list[Term] = []
    for formal, arg in zip(formals, args, strict=True):
        if isinstance(arg, Var) and arg in scope and arg not in swap:
            swap[arg] = formal
        else:
            conditions.append(equal(formal, arg))
    condition = substitute(conj((*conditions, where)), swap)
    update = path.store.get(symbol)
    old: Term = App(symbol, formals) if update is None else update.value
    new = ite(condition, substitute(value, swap), old)
    return replace(path, store={**path.store, symbol: Update(symbol, formals, new)})


def formals_of(symbol: Symbol) -> tuple[Var, ...]:
    """The variables in which the updates of a symbol are written."""
    return tuple(Var(f"_{number}", type_) for number, type_ in enumerate(symbol.params, 1))


def none_of(term: Term) -> Term:
    """`none` of the option type of a term."""
    return Literal(None, type_of(term))


def present(path: Path | None) -> list[Path]:
    """The path, if there is one."""
    return [] if path is None else [path]
