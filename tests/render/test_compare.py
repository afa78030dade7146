"""Designs compared: which column a property belongs to, and that every cell of the page leads to what it rests on."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from interlock.compare import Design, Wanted, compare_file
from interlock.core.verdict import Proved, Unknown, Violated
from interlock.engines.costs.hidden import UNMEASURED
from interlock.engines.judge import Judgement
from interlock.marks import marks_for
from interlock.pipeline import Request, read_bytes
from interlock.render.compare_html import html_of_comparison
from interlock.render.compare_overview import REFINES, columns_of, held_of, mark_of, nothing_held, texts_of, worst
from interlock.render.compare_text import lines_of_comparison, markdown_of_comparison
from interlock.render.comparison import short_names

LOCKED = """\
--- <b>Under</b> the lock.
module designs.locked
sort Task
use std.mutex as lock
var tally: 0..2 = 0
process work(t: Task) {
  with lock {
    step one: tally := 1
    step two: tally := 2
  }
}
--- P2. The tally is small.
invariant small: tally < 2
--- P10. There is an end.
invariant fine: true
expect small violated
expect lock.exclusive proved
"""
MARKS = b'no_relock = "P9"\nsmall = "P4"'
FREE = """\
module designs.deep.free
sort Task
var tally: 0..2 = 0
process work(t: Task) { step one: tally := 1 }
--- P2. The tally is small.
invariant small: tally < 2
--- P2. It is never two.
invariant never_two: tally != 2
expect small proved
"""


@pytest.fixture(scope="module")
def designs() -> list[Design]:
    wanted = Wanted(600.0, Request(), native=False)
    found = [compare_file(path, wanted, reading(MARKS)) for path in ("designs/locked.ilk", "designs/deep/free.ilk")]
    assert not any(design.rejected for design in found)
    return found


def reading(marks: bytes | None):
    """Reads what there is and, in the folder `designs`, two specifications with what gives their assertions columns."""
    texts = {"designs/locked.ilk": LOCKED.encode(), "designs/deep/free.ilk": FREE.encode()}
    if marks is not None:
        texts["designs/marks.toml"] = marks
    by_path = {str(Path(path).absolute()): text for path, text in texts.items()}

    def read(path: str) -> bytes:
        return by_path.get(str(Path(path).absolute())) or Path(path).read_bytes()

    return read


def judgement(name: str, doc: str = "", kind="invariant", verdict=None) -> Judgement:
    return Judgement(name, kind, verdict or Proved("test"), "proved", True, doc=doc)


def test_a_property_belongs_to_the_mark_that_its_description_begins_with():
    design = Design("a.ilk", "a", "", None, marks={"in_bounds": "P6", "story": "P1"})

    def column(*parts: str) -> str:
        return mark_of(judgement(*parts), design)

    assert column("any", "P3. An array is freed late.") == "P3"
    assert column("any", "P5b. A failed activation leaves nothing.") == "P5"
    assert column("any", "What P3. says") == ""
    assert column("a.in_bounds", "", "assertion") == "P6"
    assert column("lock.no_relock", "", "assertion") == ""
    assert column("refinement.abstract", "P1. To its callers", "refinement") == REFINES
    assert column("story", "P1. It goes wrong.", "scenario") == ""


def test_marks_of_assertions_are_those_of_the_nearest_file():
    marks, problems = marks_for("designs/deep/free.ilk", reading(MARKS))
    assert (dict(marks), problems) == ({"no_relock": "P9", "small": "P4"}, ())
    here = Path(__file__).parents[2] / "spec/list_lru"
    marks, problems = marks_for(str(here / "broken/lazy.ilk"), read_bytes)
    assert marks["worker.lru_alive".rpartition(".")[2]] == "P2"
    assert problems == ()
    assert marks_for(str(here.parent / "std/mutex.ilk"), read_bytes) == ({}, ())


@pytest.mark.parametrize(
    "content",
    [
        b"no_relock = P9",
        b"no_relock = 9",
        b'no_relock = "nine"',
        b'[no_relock]\nmark = "P9"',
        b"\xff",
        b"x = " + 5000 * b"[",
    ],
)
def test_a_file_of_marks_that_cannot_be_used_is_told_of(content):
    design = compare_file("designs/locked.ilk", Wanted(0.1, native=False), reading(content))
    assert [d.code.name for d in design.diagnostics] == ["E0936"]
    assert design.diagnostics[0].path.endswith("marks.toml")
    assert design.rejected


def test_columns_are_in_order_and_a_sign_is_the_worst(designs):
    assert columns_of(designs) == ["P2", "P9", "P10"]
    locked, free = designs
    assert worst(locked, "P2").name == "small"
    assert isinstance(worst(locked, "P2").verdict, Violated)
    assert isinstance(worst(free, "P2").verdict, Proved)
    assert worst(free, "P10") is None


def test_without_marks_each_shared_property_has_a_column(designs):
    bare = Design("a.ilk", "a", "", None, (judgement("one"), judgement("two")))
    other = Design("b.ilk", "b", "", None, (judgement("two", verdict=Unknown("test", "why")),))
    assert columns_of([bare, other]) == ["two"]
    assert columns_of([bare]) == ["one", "two"]
    assert isinstance(worst(other, "two").verdict, Unknown)


def test_what_is_held_is_told_by_operation(designs):
    locked, free = designs
    assert [part.text for part in held_of(locked, "steps")] == ["work: 2"]
    assert texts_of(locked)[0] == "work: 2"
    assert (nothing_held(locked), nothing_held(free)) == ("0", "no lock")
    unmeasured = replace(free, study=replace(free.study, hidden=(f"work.one does: {UNMEASURED}",)))
    assert nothing_held(unmeasured) == "not measured"
    assert texts_of(free)[0] == "no lock"


def test_names_leave_out_what_all_begin_with(designs):
    assert list(short_names(designs).values()) == ["locked", "deep.free"]
    assert list(short_names(designs[:1]).values()) == ["locked"]


def test_every_cell_of_the_page_leads_somewhere(designs):
    page = html_of_comparison(designs)
    ids = re.findall(r' id="([^"]+)"', page)
    links = re.findall(r'href="#([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(links) <= set(ids)
    assert len(set(links)) > 12
    assert "designs.locked-property-small" in links
    small = page[page.index('<section id="designs.locked-property-small"') :]
    assert "tally: 1 -&gt; 2" in small[: small.index("</section>")]
    assert "<b>Under</b>" not in page


def test_a_verdict_that_is_not_expected_is_marked(designs):
    text = "\n".join(line.plain for line in lines_of_comparison(designs))
    assert re.search(r"^  locked +- ", text, re.MULTILINE)
    surprising = Design("c.ilk", "designs.c", "", designs[0].study, (surprise(designs[0].judgements),))
    assert "| -! |" in markdown_of_comparison([surprising])


def surprise(judgements) -> Judgement:
    small = next(j for j in judgements if j.name == "small")
    return replace(small, ok=False)
