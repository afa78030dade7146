"""Terms as text in the language's own syntax, with no more brackets than it needs.

Binding strength follows the grammar: quantifier < iff < implies < or < and < not < comparison < sum < product <
postfix.  A quantifier extends as far right as it can, so it stands bare only where nothing follows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import groupby
from typing import assert_never

from interlock.core.control import Control, Phrase
from interlock.core.rewrite import map_apps, subterms
from interlock.core.term import (
    TRUE,
    And,
    App,
    Arith,
    Compare,
    Count,
    Eq,
    Implies,
    Ite,
    Literal,
    Not,
    Or,
    Quant,
    Some,
    Term,
    Unwrap,
    Value,
    Var,
    type_of,
)
from interlock.core.trace import show_value
from interlock.core.types import BOOL


class _Level(IntEnum):
    """Binding strength of what a place in the text takes; a weaker term needs brackets there."""

    WHOLE = 0
    IFF = 1
    IMPLIES = 2
    OR = 3
    AND = 4
    NOT = 5
    COMPARE = 6
    SUM = 7
    PRODUCT = 8
    UNARY = 9
    POSTFIX = 10


@dataclass(frozen=True)
class _View:
    """What is shown for variables, and how control is spoken of."""

    values: Mapping[Var, Value]
    control: Control


def show_term(term: Term, values: Mapping[Var, Value] | None = None, control: Control | None = None) -> str:
    """The term as its author could have written it; variables with a value in `values` show as that value.

    An application is shown by its symbol's full name, so the local `a` of a process `init` reads `init.a(l)`, unless
    the system's `control` is given: then it reads `init(l).a`, and `init.pc(l) = publish` reads `at(init(l), publish)`.
    The prime of a term whose parts are all primed stands once, behind it, as the language has it; `f'(g(x))` (only the
    outer one primed) has no source form and shows like this.
    """
    return _show(term, _Level.WHOLE, last=True, view=_View(values or {}, control or Control()))


def show_thread(pc: App, values: Mapping[Var, Value], control: Control) -> str:
    """The process that an application of its program counter stands for: `init(lru0)`."""
    process = control.counter(pc.symbol)
    return _thread(process.name if process else pc.symbol.name, pc.args, pc, _View(values, control))


def show_binders(variables: Iterable[Var]) -> str:
    """Variables with their types as binders: `l, k: Lru, m: Memcg`."""
    return ", ".join(
        f"{', '.join(v.name for v in group)}: {type_}" for type_, group in groupby(variables, key=lambda v: v.type)
    )


def _show(term: Term | Phrase, place: _Level, *, last: bool, view: _View) -> str:
    """Text of a term for a place of that strength; `last` says that nothing follows up to the closing bracket."""
    spoken = term if isinstance(term, Phrase) else view.control.phrase(term)
    if spoken is not None:
        text = _show_phrase(spoken, view)
        return f"({text})" if spoken.negated and place > _Level.NOT else text
    assert not isinstance(term, Phrase)
    if isinstance(term, Quant | Count):
        view = replace(view, values={var: value for var, value in view.values.items() if var not in term.vars})
    own = _level(term)
    if own < place and not (last and _extends_right(term)):
        return f"({_show(term, _Level.WHOLE, last=True, view=view)})"

    def at(part: Term | Phrase, level: _Level, *, end: bool = False) -> str:
        return _show(part, level, last=end and last, view=view)

    def inside(part: Term) -> str:
        return _show(part, _Level.WHOLE, last=True, view=view)

    def joined(word: str, parts: tuple[Term, ...], level: _Level) -> str:
        *front, final = view.control.parts(parts, disjoint=word == "or")
        return f" {word} ".join([*(at(part, level) for part in front), at(final, level, end=True)])

    match term:
        case Var():
            return show_value(view.values[term], term.type) if term in view.values else term.name
        case Literal():
            return show_value(term.value, term.type)
        case App():
            return _mark(term.symbol.name, term, f"({_arguments(term, term.args, view)})" if term.args else "")
        case Some():
            return _show(term.arg, place, last=last, view=view)
        case Unwrap():
            return f"{at(term.arg, _Level.POSTFIX)}!"
        case Not(arg=Eq() as eq) if type_of(eq.left) != BOOL:
            return f"{at(eq.left, _Level.SUM)} != {at(eq.right, _Level.SUM)}"
        case Not():
            return f"not {at(term.arg, _Level.NOT, end=True)}"
        case And():
            return joined("and", term.args, _Level.AND) if term.args else "true"
        case Or():
            return joined("or", term.args, _Level.OR) if term.args else "false"
        case Implies():
            return f"{at(term.left, _Level.OR)} implies {at(term.right, _Level.IMPLIES, end=True)}"
        case Eq():
            if type_of(term.left) == BOOL:
                return f"{at(term.left, _Level.IMPLIES)} iff {at(term.right, _Level.IMPLIES, end=True)}"
            return f"{at(term.left, _Level.SUM)} = {at(term.right, _Level.SUM)}"
        case Compare():
            return f"{at(term.left, _Level.SUM)} {term.op} {at(term.right, _Level.SUM)}"
        case Arith(op="*"):
            return f"{at(term.left, _Level.PRODUCT)} * {at(term.right, _Level.UNARY)}"
        case Arith():
            return f"{at(term.left, _Level.SUM)} {term.op} {at(term.right, _Level.PRODUCT)}"
        case Ite():
            return f"if {inside(term.condition)} then {inside(term.yes)} else {inside(term.no)}"
        case Quant():
            return f"{term.kind} {show_binders(term.vars)} :: {inside(term.body)}"
        case Count():
            where = "" if term.body == TRUE else f" where {inside(term.body)}"
            return f"count({show_binders(term.vars)}{where})"
        case _:
            assert_never(term)


def _level(term: Term) -> _Level:
    match term:
        case Var() | App() | Count():
            return _Level.POSTFIX
        case Literal():
            negative = isinstance(term.value, int) and term.value < 0
            return _Level.UNARY if negative else _Level.POSTFIX
        case Some():
            return _level(term.arg)
        case Unwrap():
            return _Level.POSTFIX
        case Not(arg=Eq() as eq) if type_of(eq.left) != BOOL:
            return _Level.COMPARE
        case Not():
            return _Level.NOT
        case And():
            return _Level.AND if term.args else _Level.POSTFIX
        case Or():
            return _Level.OR if term.args else _Level.POSTFIX
        case Implies():
            return _Level.IMPLIES
        case Eq():
            return _Level.IFF if type_of(term.left) == BOOL else _Level.COMPARE
        case Compare():
            return _Level.COMPARE
        case Arith():
            return _Level.PRODUCT if term.op == "*" else _Level.SUM
        case Ite() | Quant():
            return _Level.WHOLE
        case _:
            assert_never(term)


def _extends_right(term: Term) -> bool:
    return isinstance(term, Quant)


def _primes_all(term: App) -> bool:
    """Whether one prime behind the term says it all: every state symbol below is primed too."""
    return all(part.primed or part.symbol.rigid for part in subterms(term) if isinstance(part, App))


def _unprimed(outer: App, arg: Term) -> Term:
    """The argument as it is written under the outer term's prime."""
    if not (outer.primed and _primes_all(outer)):
        return arg
    return map_apps(arg, lambda app: App(app.symbol, app.args))


def _arguments(outer: App, args: Sequence[Term], view: _View) -> str:
    return ", ".join(_show(_unprimed(outer, arg), _Level.WHOLE, last=True, view=view) for arg in args)


def _mark(name: str, term: App, brackets: str) -> str:
    """A name with its arguments and the term's prime."""
    if not term.primed or term.symbol.rigid:
        return f"{name}{brackets}"
    return f"{name}{brackets}'" if _primes_all(term) else f"{name}'{brackets}"


def _thread(process: str, args: Sequence[Term], outer: App, view: _View) -> str:
    return f"{process}({_arguments(outer, args, view)})" if args else process


def _show_phrase(phrase: Phrase, view: _View) -> str:
    app, count = phrase.app, len(phrase.process.params)
    thread = _thread(phrase.process.name, app.args[:count], app, view)
    rest = _arguments(app, app.args[count:], view)
    if not phrase.word:
        return _mark(f"{thread}.{phrase.place}", app, f"({rest})" if rest else "")
    inner = ", ".join(part for part in (thread, phrase.place, rest) if part)
    return ("not " if phrase.negated else "") + _mark(phrase.word, app, f"({inner})")
