"""A transition system as text: what every engine sees, with guards and updates in the language's own syntax."""

from __future__ import annotations

from collections.abc import Iterator

from interlock.core.control import Control
from interlock.core.show import show_binders, show_term
from interlock.core.system import Property, Refinement, TransitionSystem, Update
from interlock.core.term import TRUE, App, Symbol, Var, conjuncts


def summary_of_system(system: TransitionSystem) -> Iterator[str]:
    """What a module and those that it uses declare, without their steps' meaning and without locals of processes."""
    yield f"module {system.name}"
    for line in system.doc.splitlines():
        yield f"  {line.strip()}".rstrip()
    yield ""
    yield _item("sorts", ", ".join(("ordered " if s.ordered else "") + s.name for s in system.sorts) or "none")
    control = Control(system.processes)
    places = {process.pc.result for process in system.processes}
    for enum in system.enums:
        if enum not in places:
            yield _item("enum", f"{enum.name} {{ {', '.join(enum.members)} }}")
    for symbol in system.symbols:
        if control.owner(symbol) is None:
            yield _item(_word(symbol), _signature(symbol))
    for process in system.processes:
        labels = ", ".join(label for label, _ in process.labels)
        yield _item("process", f"{process.name}{_binders(process.params)}: {labels}")
    actions = {t.action: t.params for t in system.transitions if t.process is None}
    for action, params in actions.items():
        yield _item("action", f"{action}{_binders(params)}")
    expected = {e.property: e.verdict for e in system.expects}
    for prop in system.properties:
        claim = f"  (expected {expected[prop.name]})" if prop.name in expected else ""
        yield _item(prop.kind.replace("_", " "), f"{prop.name}{claim}")
    for scope in system.scopes:
        yield _item("scope", f"{scope.name}: {', '.join(f'{sort}={n}' for sort, n in scope.sizes)}")


def _item(what: str, text: str) -> str:
    return f"{what:<14} {text}"


def lines_of_system(system: TransitionSystem) -> Iterator[str]:
    """The whole system: sorts, symbols, initial condition, every transition, obligations and properties."""
    control = Control(system.processes)
    yield f"transition system {system.name}"
    yield from _declarations(system)
    yield ""
    yield "initially"
    for update in system.initial_values:
        yield f"  {_head(update.symbol, update, control)} = {show_term(update.value, control=control)}"
    for named in system.initially:
        yield f"  {named.name}: {show_term(named.formula, control=control)}"
    for axiom in system.axioms:
        yield f"axiom {axiom.name}: {show_term(axiom.formula, control=control)}"
    for index, transition in enumerate(system.transitions):
        yield ""
        actor = f"{transition.process or transition.action}{_binders(transition.params)}"
        yield f"transition {index}: {actor}{f' {transition.label}' if transition.process else ''}"
        if transition.witnesses:
            yield f"  picks {show_binders(transition.witnesses)}"
        for choice in transition.choices:
            yield f"  chooses {_signature(choice)}"
        for part in conjuncts(transition.guard) or (TRUE,):
            yield f"  when {show_term(part, control=control)}"
        for update in transition.updates:
            yield f"  then {_head(update.symbol, update, control)}' = {show_term(update.value, control=control)}"
        if not transition.updates:
            yield "  changes nothing"
    for obligation in system.obligations:
        yield ""
        yield f"obligation {obligation.property} at {obligation.action}{_binders(obligation.params)}"
        if obligation.witnesses:
            yield f"  for all {show_binders(obligation.witnesses)}"
        if obligation.reach != TRUE:
            yield f"  where {show_term(obligation.reach, control=control)}"
        yield f"  must  {show_term(obligation.condition, control=control)}"
    yield ""
    for prop in system.properties:
        yield from _property(prop, control)
        for refinement in system.refinements:
            if refinement.property == prop.name:
                yield from _mapping(refinement, control)


def _mapping(refinement: Refinement, control: Control) -> Iterator[str]:
    """What a refined system's variables and actions are here."""
    for update in refinement.variables:
        head = show_term(App(update.symbol, update.formals))
        yield f"  {head} = {show_term(update.value, control=control)}"
    for step, action, args in refinement.steps:
        shown = ", ".join(show_term(arg, control=control) for arg in args)
        yield f"  {step} => {action}{f'({shown})' if shown else ''}"


def _declarations(system: TransitionSystem) -> Iterator[str]:
    for sort in system.sorts:
        yield f"  {'ordered ' if sort.ordered else ''}sort {sort.name}"
    for enum in system.enums:
        yield f"  enum {enum.name} {{ {', '.join(enum.members)} }}"
    for symbol in system.symbols:
        yield f"  {_word(symbol)} {_signature(symbol)}"
    for process in system.processes:
        yield f"  process {process.name}{_binders(process.params)} at {process.pc.name}, done at {process.done}"


def _property(prop: Property, control: Control) -> Iterator[str]:
    match prop.kind:
        case "invariant" | "lemma" | "inferred" | "reachable" | "step_invariant":
            yield f"{prop.kind.replace('_', ' ')} {prop.name}: {show_term(prop.formula, control=control)}"
        case "liveness":
            params = f"forall {show_binders(prop.params)} :: " if prop.params else ""
            left, right = (show_term(part, control=control) for part in (prop.formula, prop.leads_to))
            yield f"liveness {prop.name}: {params}{left} leads to {right}"
        case "scenario":
            claim = "possible" if prop.possible else "impossible"
            yield f"scenario {prop.name}{_binders(prop.params)} {claim}"
            for step in prop.schedule:
                args = ", ".join(show_term(arg, control=control) for arg in step.args)
                actor = step.process + (f"({args})" if args else "")
                how = {"step": step.label, "region": f"{step.label} to the end of the region", "end": "to its end"}
                yield f"  {actor}: {how[step.run]}"
            yield f"  then {show_term(prop.formula, control=control)}"
        case "assertion" | "unwrap" | "range" | "deadlock" | "refinement":
            yield f"{prop.kind} {prop.name}" + (f": {prop.reason}" if prop.reason else "")


def _binders(params: tuple[Var, ...]) -> str:
    """Parameters in brackets; nothing where there are none."""
    return f"({show_binders(params)})" if params else ""


def _word(symbol: Symbol) -> str:
    """The word that declares it."""
    return "const" if symbol.rigid else "ghost" if symbol.ghost else "var"


def _signature(symbol: Symbol) -> str:
    params = f"({', '.join(str(p) for p in symbol.params)})" if symbol.params else ""
    return f"{symbol.name}{params}: {symbol.result}"


def _head(symbol: Symbol, update: Update, control: Control) -> str:
    return show_term(App(symbol, update.formals), control=control)
