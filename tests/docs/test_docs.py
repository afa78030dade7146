"""Documentation is run: examples are accepted, refused and judged as the pages say, and commands print what is shown."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from tests.docs.pages import PAGES, ROOT, Block, blocks, blocks_of, named_tests, text_of
from tests.docs.transcripts import transcript

from interlock.core.codes import REGISTRY
from interlock.core.source import Source
from interlock.engines.protocol import Limits
from interlock.lang.format import format_module
from interlock.lang.parse import parse
from interlock.lang.scope import BUILTINS
from interlock.lang.words import RESERVED
from interlock.pipeline import Request, check, lower_file, read_bytes

OPTIONS = {"file", "expect", "judged", "verdict"}
SPECIFICATIONS = blocks("ilk")
TRANSCRIPTS = blocks("console")


def reader(block: Block):
    """Read the page's own files before those of the installation."""
    files = {**block.files, block.name: block.text}

    def read(path: str) -> bytes:
        return files[path].encode() if path in files else read_bytes(path)

    return read


@pytest.mark.parametrize("block", SPECIFICATIONS, ids=str)
def test_examples_are_accepted_or_refused_as_the_page_says(block):
    assert block.options.keys() <= OPTIONS
    system, diagnostics = lower_file(block.name, reader(block))
    expected = set(filter(None, block.options.get("expect", "").split(",")))
    assert {d.code.name for d in diagnostics} == expected, "\n".join(d.message for d in diagnostics)
    assert (system is None) == any(code.startswith("E") for code in expected)


@pytest.mark.parametrize("block", SPECIFICATIONS, ids=str)
def test_examples_are_laid_out_in_the_standard_way(block):
    module, problems = parse(Source(block.name, block.text))
    assert not problems
    assert module is not None
    assert format_module(module) == block.text


@pytest.mark.parametrize("block", [b for b in SPECIFICATIONS if {"judged", "verdict"} & b.options.keys()], ids=str)
def test_examples_are_judged_as_the_page_says(block):
    report = check(block.name, Request(limits=Limits(query_seconds=20, total_seconds=120)), reader(block))
    found = {j.name: j.verdict.kind for j in report.judgements}
    if "judged" in block.options:
        assert report.ok, [(j.name, j.verdict, j.expected) for j in report.judgements if not j.ok]
    for pair in filter(None, block.options.get("verdict", "").split(",")):
        name, _, verdict = pair.partition(":")
        met = {verdict, "proved"} if verdict == "holds" else {verdict}
        assert found.get(name) in met, report.judgements


@pytest.mark.parametrize("block", TRANSCRIPTS, ids=str)
def test_commands_print_what_the_page_shows(block, tmp_path):
    """Where the command has changed for the better, `python -m tests.docs.transcripts` brings the pages up to date."""
    assert transcript(block, tmp_path) == block.text


@cache
def existing_tests() -> frozenset[str]:
    """Names of all functions that the files of tests define."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "tests").rglob("test_*.py"))
    return frozenset(node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("page", PAGES)
def test_each_test_that_is_named_exists(page):
    assert set(named_tests(text_of(page))) <= existing_tests()


def test_each_paragraph_of_the_semantics_names_what_pins_it():
    """A numbered paragraph ends with the tests that would fail if it were false, or with an example that is judged."""
    page = text_of("docs/semantics.md")
    paragraphs = re.split(r"^\*\*(?=\d+\. )", page, flags=re.MULTILINE)[1:]
    assert len(paragraphs) > 50
    bare = [
        p.splitlines()[0]
        for p in paragraphs
        if not named_tests(p) and not any(b.options.keys() - {"file"} for b in blocks_of("", p))
    ]
    assert not bare


def test_every_word_of_the_language_is_listed_and_shown():
    """The list of reserved words is the parser's, and each stands in an example that is accepted."""
    page = text_of("docs/language.md")
    reserved, built_in = page.split("## Reserved words\n")[1].split("Built in")
    assert set(re.findall(r"`(\w+)`", reserved)) == RESERVED
    assert set(re.findall(r"`(\w+)`", built_in)) == BUILTINS
    accepted = "\n".join(b.text for b in blocks_of("", page) if b.language == "ilk" and "expect" not in b.options)
    assert set(re.findall(r"\w+", re.sub(r"--.*", "", accepted))) >= RESERVED | BUILTINS


def test_every_example_is_found():
    """A fence that is not closed, or not at the start of its line, would hide an example from these tests."""
    pages = "".join(map(text_of, PAGES))
    assert len(SPECIFICATIONS) == pages.count("```ilk") > 35
    assert len(TRANSCRIPTS) == pages.count("```console") > 0


def test_every_diagnostic_that_is_named_exists():
    assert {code for page in PAGES for code in re.findall(r"\b[EW]0\d{3}\b", text_of(page))} <= REGISTRY.keys()


def test_every_page_is_listed():
    index = text_of("docs/README.md")
    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"({page.name})" not in index] == ["README.md"]


def test_every_standard_module_is_mentioned():
    page = text_of("docs/language.md")
    headers = [path.read_text(encoding="utf-8") for path in (ROOT / "spec" / "std").glob("*.ilk")]
    modules = [match[1] for text in headers for match in re.finditer(r"^module (std\.\w+)", text, re.MULTILINE)]
    assert len(modules) == len(headers)
    assert [module for module in modules if not re.search(rf"`{re.escape(module)}[`(]", page)] == []


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)
    targets = [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    missing = [target for target in targets if not _exists((ROOT / page).parent, *target.partition("#")[::2], page)]
    assert not missing


def _exists(folder: Path, path: str, anchor: str, page: str) -> bool:
    target = folder / path if path else ROOT / page
    if not target.exists():
        return False
    if not anchor:
        return True
    headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
    return anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
