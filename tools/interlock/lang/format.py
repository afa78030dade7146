"""`interlock fmt`: one layout for all specifications.

Two spaces of indentation, lines of 120 columns.  What the author grouped stays grouped: single blank lines are kept,
and a block or step that stood on one line stays there if it fits.  Comments stay where they are; one in the middle of
something that is printed as a whole moves in front of it.  Formatting twice changes nothing more, and the formatted
text has the same tree.

A module must come from `parse`: parentheses, one-line blocks and comments are read from its source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from interlock.lang.comments import is_doc
from interlock.lang.format_blocks import (
    Branch,
    Node,
    Texts,
    branches_of,
    end_of,
    flat_node,
    is_simple,
    simple_doc,
    start_of,
)
from interlock.lang.format_decl import header_doc, param_doc
from interlock.lang.layout import concat, flat, layout
from interlock.lang.syntax import Declaration, ExpectDecl, Module, Name, SortDecl, StepItem

WIDTH = 120
STEP = 2


def format_module(module: Module) -> str:
    """Return the text of a module in the one layout, ending with a line break."""
    printer = _Printer(module)
    printer.module()
    return printer.text()


@dataclass(slots=True)
class _Line:
    text: str
    comment: str = ""


class _Printer:
    """Prints units (declarations, items, statements) in order and lets the comments between them in."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._source = module.source
        self._texts = Texts(module.source.text)
        self._comments = module.comments
        self._next = 0
        self._last = 0
        self._lines: list[_Line] = []

    def text(self) -> str:
        """Return what is printed, with comments that follow one another on lines aligned."""
        result: list[str] = []
        at = 0
        while at < len(self._lines):
            run = at
            while run < len(self._lines) and self._lines[run].comment:
                run += 1
            lines = self._lines[at : max(run, at + 1)]
            column = max(len(line.text) for line in lines) + 2
            if any(column + len(line.comment) > WIDTH for line in lines):
                column = 0
            for line in lines:
                gap = max(column - len(line.text), 2)
                result.append((line.text + " " * gap + line.comment) if line.comment else line.text)
            at += len(lines)
        return "\n".join(line.rstrip() for line in result) + "\n"

    def module(self) -> None:
        """Print the module."""
        keyword = self._texts.skip(0)
        self._lead(keyword, 0, first=True)
        self._hoist(self._module.name.span.end, 0)
        self._header()
        for group in _together(self._module.declarations):
            names = tuple(name for d in group for name in _listed(d))
            self._unit(group[0], 0, names=names)
        self._lead(len(self._source.text), 0)

    def _header(self) -> None:
        """Print `module M(..)`; where parameters have comments, each on a line of its own."""
        module = self._module
        end = module.name.span.end
        if module.params:
            end = self._texts.find(")", module.params[-1].span.end) + 1
        if not self._commented(end):
            self._put(layout(header_doc(module), 0, WIDTH), 0)
            self._finish(end)
            return
        self._put(f"module {module.name.text}(", 0)
        self._hoist(self._texts.find("(", module.name.span.end), STEP)
        for index, param in enumerate(module.params):
            last = index + 1 == len(module.params)
            self._lead(param.span.start, STEP, first=index == 0)
            self._hoist(param.span.end, STEP)
            self._put(layout(concat(param_doc(param), "" if last else ","), STEP, WIDTH), STEP)
            self._finish(param.span.end)
            if not last:
                self._hoist(self._texts.find(",", param.span.end), STEP)
        self._lead(end, STEP, first=True)
        self._put(")", 0)
        self._finish(end)

    # ------------------------------------------------------------ comments and lines

    def _put(self, text: str, indent: int) -> None:
        first, *rest = text.split("\n")
        self._lines.append(_Line(" " * indent + first))
        self._lines.extend(_Line(line) for line in rest)

    def _pending(self, before: int) -> Name | None:
        if self._next < len(self._comments) and self._comments[self._next].span.start < before:
            return self._comments[self._next]
        return None

    def _lead(self, start: int, indent: int, *, first: bool = False) -> None:
        """Print the comments before a unit on lines of their own, and keep a blank line where there is one."""
        while (comment := self._pending(start)) is not None:
            self._blank(comment.span.start, first=first)
            text = comment.text if is_doc(self._source, comment) else _plain(comment.text)
            self._put(text, indent)
            self._next += 1
            self._last = comment.span.end
            first = False
        self._blank(start, first=first)

    def _blank(self, start: int, *, first: bool) -> None:
        if not first and self._source.text.count("\n", self._last, start) > 1 and self._lines[-1].text:
            self._lines.append(_Line(""))
            self._last = start

    def _hoist(self, end: int, indent: int) -> None:
        """Print the comments inside of what comes next before it; none may become a doc comment there."""
        while (comment := self._pending(end)) is not None:
            self._put(_plain(comment.text), indent)
            self._next += 1

    def _finish(self, end: int) -> None:
        """Let the comment that follows on the same line stay there."""
        self._last = max(self._last, end)
        comment = self._pending(len(self._source.text))
        if comment is None or self._lines[-1].comment or self._lines[-1].text.lstrip().startswith("--"):
            return
        between = self._source.text[end : comment.span.start]
        if not between.strip(" \t\r;,") and "\n" not in between:
            self._lines[-1].comment = comment.text
            self._next += 1
            self._last = comment.span.end

    def _commented(self, before: int) -> bool:
        return self._pending(before) is not None

    def _on_one_line(self, start: int, end: int) -> bool:
        return "\n" not in self._source.text[start:end] and not self._commented(end)

    # ------------------------------------------------------------ units

    def _unit(
        self, node: Node, indent: int, *, first: bool = False, names: tuple[str, ...] = (), tail: str = ""
    ) -> None:
        """Print one declaration, item or statement; `tail` is the semicolon after it."""
        start, end = start_of(node), end_of(node)
        self._lead(start, indent, first=first)
        if is_simple(node):
            self._hoist(end, indent)
            self._put(layout(concat(simple_doc(node, names), tail), indent, WIDTH), indent)
        elif self._on_one_line(start, end) and self._fits(flat_node(node, self._texts) + tail, indent):
            self._put(flat_node(node, self._texts) + tail, indent)
        elif isinstance(node, StepItem) and not self._texts.opens_block(node):
            self._step(node, indent)
        else:
            self._branches(branches_of(node, self._texts), indent)
            self._lines[-1].text += tail
        self._finish(end)

    def _fits(self, text: str, indent: int) -> bool:
        return indent + len(text) <= WIDTH

    def _step(self, node: StepItem, indent: int) -> None:
        """Print `step label: ..` over several lines."""
        head = f"{'rest ' if node.rest else ''}step {node.label.text}:"
        colon = self._texts.find(":", node.label.span.end)
        self._hoist(colon, indent)
        only = node.body[0]
        if len(node.body) == 1 and is_simple(only):
            self._hoist(only.span.end, indent)
            self._put(layout(concat(head, " ", simple_doc(only, ())), indent, WIDTH), indent)
            return
        self._put(head, indent)
        self._finish(colon + 1)
        self._statements(node.body, indent + STEP, always=True)

    def _statements(self, body: Sequence[Node], indent: int, *, always: bool) -> None:
        """Print statements; those that share a line in the text share it again if they fit."""
        for index, node in enumerate(body):
            last = index + 1 == len(body)
            tail = "" if last or not (always or is_simple(node)) else ";"
            if index and self._joins(body[index - 1], node, tail):
                glue = " " if self._lines[-1].text.endswith(";") else "; "
                self._lines[-1].text += glue + flat_node(node, self._texts) + tail
                self._finish(end_of(node))
            else:
                self._unit(node, indent, first=index == 0, tail=tail)

    def _joins(self, before: Node, node: Node, tail: str) -> bool:
        if self._lines[-1].comment or not self._on_one_line(start_of(before), end_of(node)):
            return False
        return len(self._lines[-1].text) + 2 + len(flat_node(node, self._texts) + tail) <= WIDTH

    def _branches(self, branches: list[Branch], indent: int) -> None:
        """Print heads and blocks: `if c {..}`, `else {..}`."""
        inline = False
        for index, branch in enumerate(branches):
            if index == 0:
                self._hoist(branch.open, indent)
                self._put(layout(branch.head, indent, WIDTH), indent)
            elif inline or self._lines[-1].comment:
                self._put(flat(branch.head), indent)
            else:
                self._lines[-1].text += f" {flat(branch.head)}"
            inline = self._block(branch, indent)
            if index + 1 < len(branches):
                self._finish(branch.close + 1)

    def _block(self, branch: Branch, indent: int) -> bool:
        """Print a block after its head; whether it is on the head's line."""
        text = branch.flat_block(self._texts)
        if self._on_one_line(branch.open, branch.close) and len(self._lines[-1].text) + 1 + len(text) <= WIDTH:
            self._lines[-1].text += f" {text}"
            self._last = branch.close + 1
            return True
        self._lines[-1].text += " {"
        self._hoist(branch.open, indent + STEP)
        self._finish(branch.open + 1)
        if branch.are_statements:
            self._statements(branch.items, indent + STEP, always=False)
        else:
            for index, item in enumerate(branch.items):
                self._unit(item, indent + STEP, first=index == 0)
        self._close_comments(branch, indent)
        self._put("}", indent)
        self._last = branch.close + 1
        return False

    def _close_comments(self, branch: Branch, indent: int) -> None:
        while (comment := self._pending(branch.close)) is not None:
            self._blank(comment.span.start, first=not branch.items)
            text = comment.text if is_doc(self._source, comment) else _plain(comment.text)
            self._put(text, indent + STEP)
            self._next += 1
            self._last = comment.span.end


def _plain(comment: str) -> str:
    """Return a comment that cannot be taken for a doc comment."""
    return comment[1:] if comment.startswith("---") and not comment.startswith("----") else comment


def _together(declarations: Sequence[Declaration]) -> list[list[Declaration]]:
    """Join what one `sort A, B` or `expect p, q proved` has declared: those have one span."""
    groups: list[list[Declaration]] = []
    for declaration in declarations:
        if groups and _listed(declaration) and groups[-1][0].span == declaration.span:
            groups[-1].append(declaration)
        else:
            groups.append([declaration])
    return groups


def _listed(declaration: Declaration) -> tuple[str, ...]:
    """The name that a declaration may have in a list with others."""
    match declaration:
        case SortDecl(name):
            return (name.text,)
        case ExpectDecl(property_):
            return (property_.text,)
        case _:
            return ()
