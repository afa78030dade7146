"""The account of the list_lru: its tables, pictures and listings are what the tool finds."""

import re
from functools import cache
from pathlib import Path

import pytest
from tests.docs.test_generated import generator

ROOT = Path(__file__).parents[2]


@cache
def generate():
    return generator()


def findings():
    return generate().findings


@cache
def page():
    return (ROOT / "docs/list_lru.md").read_text(encoding="utf-8")


def test_the_page_is_what_was_kept():
    assert generate().filled(page(), generate().parts()) == page(), "run: make docs"


def test_each_generated_part_is_on_the_page_once():
    marked = re.findall(r"<!-- begin ([\w ]+) -->", page())
    assert sorted(marked) == sorted(generate().parts())


@pytest.mark.parametrize("stem", findings().PICTURES)
def test_pictures_are_drawn_anew_as_they_are(stem):
    """The runs themselves: another shortest run, or another way to draw it, is to be looked at before it is kept."""
    assert findings().drawing(stem).read_text(encoding="utf-8") == findings().picture(stem), "run: make docs"


@pytest.mark.parametrize("stem", findings().judged())
def test_verdicts_that_were_kept_are_those_that_the_file_expects(stem):
    """`make check` judges the same files, and fails where one of them is not as expected."""
    assert not findings().misfit(stem), "run: python docs/generate.py stale page"


def test_right_designs_are_right_and_wrong_ones_wrong():
    for stem, record in findings().kept("verdicts").items():
        violated = [name for name, prop in record["properties"].items() if prop["verdict"] == "violated"]
        assert bool(violated) == findings().wrong(stem), stem


def test_the_answer_is_proved_and_not_only_exhausted():
    for stem in findings().ANSWER:
        found = findings().kept("verdicts")[stem]["properties"]
        assert found["coverage"]["verdict"] == "proved", stem
        assert found["refinement.list_lru.abstract"]["verdict"] == "proved", stem


def test_costs_are_those_that_the_thread_tells():
    found = {
        (stem, row["operation"], row["section"]): row["allocations"]
        for stem, rows in findings().kept("costs").items()
        for row in rows
    }
    assert "Memcg" in found["v13", "init", "create_mutex"]
    assert "Lru" in found["v13", "activate", "create_mutex"]
    assert found["broken/unlocked_init", "init", "create_mutex"] == "0"
    assert not [section for stem, _, section in found if stem == "handshake" and section not in (None, "rcu.read")]


def test_links_lead_somewhere():
    links = re.findall(r"\]\(([^)#:]+)\)", page())
    assert len(links) > 50
    assert not [link for link in links if not (ROOT / "docs" / link).resolve().exists()]


def test_no_part_is_filled_by_a_name_that_nobody_writes():
    text = "before\n<!-- begin new part -->\nold\n<!-- end new part -->\nafter\n"
    assert generate().filled(text, {"new part": "new"}) == text.replace("old", "new")
    with pytest.raises(KeyError):
        generate().filled(text, {})


@pytest.mark.slow
@pytest.mark.parametrize("stem", findings().judged())
def test_verdicts_are_found_again(stem):
    assert findings().verdicts_of(stem) == findings().kept("verdicts")[stem]


@pytest.mark.slow
def test_costs_are_measured_again():
    """A machine that has less time may fit fewer formulas, but no other ones."""
    for stem, rows in findings().measured().items():
        for row, kept in zip(rows, findings().kept("costs")[stem], strict=True):
            told = [name for name in row if not open_(row[name]) and not open_(kept[name])]
            assert [row[name] for name in told] == [kept[name] for name in told], stem


def open_(cost):
    """Whether a machine with more time might say more."""
    return cost is None or " at " in str(cost)


@pytest.mark.slow
def test_executions_are_counted_again():
    text = (ROOT / "docs/conformance.md").read_text(encoding="utf-8")
    assert generate().filled(text, {"executions": generate().executed()}) == text, "run: make docs"
