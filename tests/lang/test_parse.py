"""The parser: every form of the language gives the tree that lang/syntax/ describes."""

import re
from pathlib import Path

import pytest
from tests.lang.trees import shape

from interlock.core.source import Source
from interlock.lang import lark_parser
from interlock.lang.build_module import ModuleBuilder
from interlock.lang.lark_parser import GRAMMAR, StoredParser, build
from interlock.lang.parse import parse
from interlock.lang.syntax import (
    Binary,
    Binder,
    Call,
    Condition,
    Define,
    Expr,
    For,
    IfStatement,
    Liveness,
    Module,
    OperationDecl,
    ProcessDecl,
    Quantified,
    SortDecl,
    StepItem,
    Unary,
)
from interlock.lang.words import RESERVED, SOFT

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.ilk"))


def parsed(text: str) -> Module:
    module, diagnostics = parse(Source("test.ilk", text))
    assert module is not None, [(d.message, d.span) for d in diagnostics]
    return module


def expression(text: str) -> Expr:
    (condition,) = parsed(f"module m axiom a: {text}").declarations
    assert isinstance(condition, Condition)
    return condition.body


def show(e: Expr) -> str:
    """Print an expression with all parentheses."""
    match e:
        case Binary(op, left, right):
            return f"({show(left)} {op} {show(right)})"
        case Unary(op, arg):
            return f"({op} {show(arg)})"
        case Quantified(kind, _, body):
            return f"({kind} {show(body)})"
        case _:
            return e.span.text


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_examples_parse_as_they_stand(path: Path):
    assert parsed(path.read_text(encoding="utf-8")).declarations


def test_there_are_ten_examples():
    assert len(EXAMPLES) == 10


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("not a and b or c implies d iff e", "(((((not a) and b) or c) implies d) iff e)"),
        ("a implies b implies c", "(a implies (b implies c))"),
        ("a and b and c", "((a and b) and c)"),
        ("not a = b", "(not (a = b))"),
        ("a - b - c * -d", "((a - b) - (c * (- d)))"),
        ("a + 1 <= b and x not in s", "(((a + 1) <= b) and (x not in s))"),
        ("a or forall x: S :: b and c", "(a or (forall (b and c)))"),
        ("not exists x: S :: b iff c", "(not (exists (b iff c)))"),
        ("x! = y", "(x! = y)"),
        ("f(a)' or g'", "(f(a)' or g')"),
    ],
)
def test_ruling_39_precedence(text: str, tree: str):
    assert show(expression(text)) == tree


def test_spans_cover_exactly_the_text_of_a_node():
    e = expression("(a and f(b, c)) or d")
    assert isinstance(e, Binary)
    assert (e.span.text, e.left.span.text, e.right.span.text) == ("(a and f(b, c)) or d", "(a and f(b, c))", "d")


def test_a_bulk_assignment_has_binders_as_arguments():
    (operation,) = parsed("module m operation free() { fits(a!, i: Id) := limit(i) where i = j }").declarations
    assert isinstance(operation, OperationDecl)
    assert operation.name.text == "free"
    (assign,) = operation.body
    assert isinstance(assign.target, Call)
    assert isinstance(assign.target.args[1], Binder)


def test_sort_lists_and_shared_types():
    sorts = parsed("module m sort A, B define d(x, y: A) = x = y").declarations
    assert [d.name.text for d in sorts if isinstance(d, SortDecl)] == ["A", "B"]
    define = sorts[-1]
    assert isinstance(define, Define)
    assert define.binders[0].type is define.binders[1].type


def test_else_if_is_an_else_block_of_one_if():
    text = "module m operation o() { if a { x := 1 } else if b { x := 2 } else { x := 3 } }"
    (operation,) = parsed(text).declarations
    assert isinstance(operation, OperationDecl)
    (outer,) = operation.body
    assert isinstance(outer, IfStatement)
    (inner,) = outer.no
    assert isinstance(inner, IfStatement)
    assert len(inner.no) == 1


def test_a_forall_in_front_of_leads_to_ends_there():
    (liveness,) = parsed("module m liveness l: forall x: S :: p(x) leads to q(x)").declarations
    assert isinstance(liveness, Liveness)
    assert liveness.left.span.text == "forall x: S :: p(x)"
    assert liveness.right.span.text == "q(x)"


def test_ruling_41_doc_comments_belong_to_the_next_item():
    text = """--- The module,
-- not this,
--- in two lines.
module m
--- A process.
fair process p {
  --- A step.
  rest step s: x := 1   --- not a doc comment
  --- A walk.
  for x in y { step t: z }
  --- of nothing
}
"""
    module = parsed(text)
    (process,) = module.declarations
    assert isinstance(process, ProcessDecl)
    assert (module.doc, process.doc, process.fairness) == ("The module,\nin two lines.", "A process.", "fair")
    step, walk = process.body
    assert isinstance(step, StepItem)
    assert isinstance(walk, For)
    assert (step.doc, walk.doc, step.rest) == ("A step.", "A walk.", True)
    assert len(module.comments) == 8


def test_ruling_38_the_reserved_words_are_those_of_the_grammar():
    grammar = GRAMMAR.read_text(encoding="utf-8")
    listed = re.search(r"NAME: /\(\?!\(\?:([\w|]+)\)", grammar)
    assert listed is not None
    assert set(listed.group(1).split("|")) == RESERVED
    spelt = {t.pattern.value for t in build(grammar, ModuleBuilder()).terminals if t.pattern.type == "str"}
    assert {word for word in spelt if word.isalpha()} | {"and", "implies", "iff"} == RESERVED | SOFT


def test_ruling_38_the_grammar_has_no_conflict_in_strict_mode():
    build(GRAMMAR.read_text(encoding="utf-8"), ModuleBuilder(), strict=True)


def test_words_that_mean_something_in_one_place_only_are_names_elsewhere():
    words = " ".join(f"operation {word}() {{ {word} := {word} }}" for word in sorted(SOFT))
    assert len(parsed(f"module m {words}").declarations) == len(SOFT)


# ---------------------------------------------------------------- the stored parser


def tree_by(parser: StoredParser, text: str) -> object:
    with parser.lock:
        parser.builder.begin(Source("test.ilk", text), {})
        return shape(parser.lark.parse(text))


def test_a_stored_parser_reads_like_a_new_one(tmp_path, monkeypatch):
    text = EXAMPLES[-1].read_text(encoding="utf-8")
    new = tree_by(StoredParser(tmp_path / "cache"), text)
    (file,) = (tmp_path / "cache").iterdir()

    def no_build(*_: object) -> None:
        raise AssertionError("built although it was stored")

    with monkeypatch.context() as patch:
        patch.setattr(lark_parser, "build", no_build)
        assert tree_by(StoredParser(tmp_path / "cache"), text) == new
    data = file.read_bytes()
    for damaged in (b"", b"rubbish", data[:-100], data[: len(data) // 2] + b"\0" + data[len(data) // 2 + 1 :]):
        file.write_bytes(damaged)
        assert tree_by(StoredParser(tmp_path / "cache"), text) == new
        assert file.read_bytes() != damaged, "a damaged file is replaced"


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path):
    (tmp_path / "file").write_text("")
    assert tree_by(StoredParser(tmp_path / "file" / "cache"), "module m sort A")
    assert tree_by(StoredParser(None), "module m sort A")
