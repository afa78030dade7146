"""What the formatter prints in blocks: heads, items, and where the braces stand in the text.

The syntax tree does not keep braces, since nothing else needs them; here they are found again by stepping over
whitespace and comments from the last thing whose place is known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from interlock.lang.format_decl import declaration_doc, entry_doc, head_doc, schedule_doc
from interlock.lang.format_expr import expr_doc, statement_doc, type_doc
from interlock.lang.layout import Doc, concat, flat, join
from interlock.lang.syntax import (
    ActionDecl,
    Binder,
    Condition,
    DeadlockFree,
    Declaration,
    Define,
    EitherItem,
    EitherStatement,
    EnumDecl,
    ExpectDecl,
    Expr,
    For,
    IfItem,
    IfStatement,
    Liveness,
    Name,
    OperationDecl,
    ProcessDecl,
    ProcessItem,
    PropertyDecl,
    RefinementEntry,
    Refines,
    ScenarioDecl,
    ScheduleLine,
    ScopeDecl,
    SectionDecl,
    SortDecl,
    Statement,
    StepItem,
    SymbolDecl,
    TypeExpr,
    Use,
    While,
    With,
)

_SPACE = re.compile(r"(?:\s|--[^\n]*)*")


@dataclass(frozen=True, slots=True)
class SectionPart:
    """`enter {..}` of a section."""

    word: str
    body: tuple[Statement, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Then:
    """`then P` of a scenario."""

    condition: Expr
    start: int


Node: TypeAlias = Declaration | ProcessItem | Statement | RefinementEntry | ScheduleLine | SectionPart | Then
Blocked: TypeAlias = (
    ActionDecl
    | OperationDecl
    | SectionDecl
    | ProcessDecl
    | Refines
    | ScenarioDecl
    | SectionPart
    | StepItem
    | With
    | For
    | While
    | IfItem
    | EitherItem
    | IfStatement
    | EitherStatement
)


@dataclass(frozen=True)
class Texts:
    """The text of a module, and how to step through it from a known place."""

    text: str

    def skip(self, at: int) -> int:
        """Return where the next token starts."""
        match = _SPACE.match(self.text, at)
        return match.end() if match else at

    def find(self, sign: str, at: int) -> int:
        """Return where a sign stands that is known to follow."""
        at = self.skip(at)
        while at < len(self.text) and self.text[at] != sign:
            at = self.skip(at + 1)
        return at

    def word(self, at: int) -> str:
        """Return the word that starts at the next token."""
        match = re.compile(r"\w*").match(self.text, self.skip(at))
        return match.group() if match else ""

    def opens_block(self, step: StepItem) -> bool:
        """Whether a step is of the form `step label {..}`."""
        return self.text[self.skip(step.label.span.end)] == "{"


@dataclass(frozen=True)
class Branch:
    """A head and its block; the braces stand at `open` and `close`."""

    head: Doc
    items: tuple[Node, ...]
    open: int
    close: int
    are_statements: bool = False

    def flat_block(self, texts: Texts) -> str:
        """Print the block on one line."""
        if not self.items:
            return "{}"
        separator = "; " if self.are_statements or isinstance(self.items[0], RefinementEntry) else " "
        return "{ " + separator.join(flat_node(item, texts) for item in self.items) + " }"


def start_of(node: Node) -> int:
    """Return where a node starts."""
    return node.start if isinstance(node, SectionPart | Then) else node.span.start


def end_of(node: Node) -> int:
    """Return where a node ends."""
    match node:
        case SectionPart():
            return node.end
        case Then():
            return node.condition.span.end
        case _:
            return node.span.end


def is_simple(node: Node) -> bool:
    """Whether a node has no block."""
    return not isinstance(node, Blocked)


def simple_doc(node: Node, names: tuple[str, ...]) -> Doc:
    """Print a node without a block."""
    match node:
        case (
            Use()
            | SortDecl()
            | EnumDecl()
            | SymbolDecl()
            | Define()
            | Condition()
            | PropertyDecl()
            | Liveness()
            | DeadlockFree()
            | ScopeDecl()
            | ExpectDecl()
        ):
            return declaration_doc(node, names)
        case RefinementEntry():
            return entry_doc(node)
        case ScheduleLine():
            return schedule_doc(node)
        case Then(condition):
            return concat("then ", expr_doc(condition))
        case (
            ActionDecl()
            | OperationDecl()
            | SectionDecl()
            | ProcessDecl()
            | Refines()
            | ScenarioDecl()
            | SectionPart()
            | StepItem()
            | With()
            | For()
            | While()
            | IfItem()
            | EitherItem()
            | IfStatement()
            | EitherStatement()
        ):
            raise AssertionError("a node with a block")
        case _:
            return statement_doc(node)


def flat_node(node: Node, texts: Texts) -> str:
    """Print any node on one line."""
    if is_simple(node):
        return flat(simple_doc(node, (node.name.text,) if isinstance(node, SortDecl) else ()))
    if isinstance(node, StepItem) and not texts.opens_block(node):
        body = "; ".join(flat_node(statement, texts) for statement in node.body)
        return f"{step_head(node)}: {body}"
    branches = branches_of(node, texts)
    return " ".join(f"{flat(branch.head)} {branch.flat_block(texts)}" for branch in branches)


def step_head(node: StepItem) -> str:
    """Print `rest step label`."""
    return f"{'rest ' if node.rest else ''}step {node.label.text}"


def branches_of(node: Node, texts: Texts) -> list[Branch]:
    """Return the blocks of a node with their heads."""
    match node:
        case ActionDecl() | OperationDecl():
            return [_branch(head_doc(node), node.body, _head_end(node), texts, are_statements=True)]
        case ProcessDecl():
            return [_branch(head_doc(node), (*node.locals, *node.body), _head_end(node), texts)]
        case Refines():
            return [_branch(head_doc(node), node.entries, node.module.span.end, texts)]
        case ScenarioDecl():
            then = [Then(condition, texts.text.rindex("then", 0, condition.span.start)) for condition in node.then]
            lines: list[Node] = [*node.lines, *then]
            return [_branch(head_doc(node), sorted(lines, key=start_of), _head_end(node), texts)]
        case SectionDecl():
            return [_section(node, texts)]
        case SectionPart(word, body, start):
            return [_branch(word, body, start + len(word), texts, are_statements=True)]
        case StepItem():
            return [_branch(step_head(node), node.body, node.label.span.end, texts, are_statements=True)]
        case With(sections, region, body):
            head = concat("with ", join(", ", [expr_doc(s) for s in sections]), _region(region))
            return [_branch(head, body, (region or sections[-1]).span.end, texts)]
        case For(_, _, over, _, region, body):
            return [_branch(_for_head(node), body, (region or over).span.end, texts)]
        case While(condition, body):
            if condition is None:
                return [_branch("loop", body, node.span.start + len("loop"), texts)]
            return [_branch(concat("while ", expr_doc(condition)), body, condition.span.end, texts)]
        case IfItem() | IfStatement():
            return _if_branches(node, texts)
        case EitherItem() | EitherStatement():
            return _either_branches(node, texts)
        case _:
            return []


def _branch(head: Doc, items: Sequence[Node], at: int, texts: Texts, *, are_statements: bool = False) -> Branch:
    opening = texts.find("{", at)
    closing = texts.find("}", end_of(items[-1]) if items else opening + 1)
    return Branch(head, tuple(items), opening, closing, are_statements)


def _head_end(node: ActionDecl | OperationDecl | ProcessDecl | ScenarioDecl) -> int:
    type_: TypeExpr | None = None if isinstance(node, ActionDecl | ScenarioDecl) else node.type
    if type_ is not None:
        return type_.span.end
    binders: tuple[Binder, ...] = node.binders
    return binders[-1].type.span.end if binders else node.name.span.end


def _region(region: Name | None) -> str:
    return "" if region is None else f" as {region.text}"


def _for_head(node: For) -> Doc:
    over = concat("snapshot " if node.snapshot else "", expr_doc(node.over), _region(node.region))
    if node.sort is None:
        return concat("for ", node.var.text, " in ", over)
    return concat("for ", node.var.text, ": ", type_doc(node.sort), " where ", over)


def _section(node: SectionDecl, texts: Texts) -> Branch:
    opening = texts.find("{", node.name.span.end)
    at = opening + 1
    parts: list[SectionPart] = []
    for word, body in (("request", node.request), ("enter", node.enter), ("exit", node.exit)):
        if body is None:
            continue
        start = texts.skip(at)
        at = _branch(word, body, start + len(word), texts, are_statements=True).close + 1
        parts.append(SectionPart(word, body, start, at))
    return Branch(f"section {node.name.text}", tuple(parts), opening, texts.find("}", at))


def _if_branches(node: IfItem | IfStatement, texts: Texts) -> list[Branch]:
    statements = isinstance(node, IfStatement)
    branches: list[Branch] = []
    link: IfItem | IfStatement = node
    word = "if "
    while True:
        head = concat(word, expr_doc(link.condition))
        branch = _branch(head, link.yes, link.condition.span.end, texts, are_statements=statements)
        branches.append(branch)
        after = texts.skip(branch.close + 1)
        if after >= link.span.end or texts.word(after) != "else":
            return branches
        chained = link.no[0] if link.no else None
        if isinstance(chained, IfItem | IfStatement) and texts.word(after + len("else")) == "if":
            link, word = chained, "else if "
            continue
        branches.append(_branch("else", link.no, after + len("else"), texts, are_statements=statements))
        return branches


def _either_branches(node: EitherItem | EitherStatement, texts: Texts) -> list[Branch]:
    branches: list[Branch] = []
    at = node.span.start + len("either")
    for items in node.branches:
        head = "or" if branches else "either"
        branch = _branch(head, items, at, texts, are_statements=isinstance(node, EitherStatement))
        branches.append(branch)
        at = branch.close + 1
    return branches
