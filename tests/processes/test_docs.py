"""docs/processes.md shows what the command prints, and names what there is."""

import re

import pytest
from tests.docs.pages import ROOT, blocks_of, text_of
from tests.docs.transcripts import transcript

from interlock_cli import run_candidate
from interlock_conformance.processes import remote

PAGE = "docs/processes.md"
BLOCKS = [block for block in blocks_of(PAGE, text_of(PAGE)) if block.language == "console"]
CLIENT = (ROOT / "impl/c/interlock_client.h").read_text(encoding="utf-8")


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_the_page_shows_what_is_printed(block, tmp_path):
    assert transcript(block, tmp_path) == block.text


def test_the_page_knows_the_schemas_the_fields_and_the_codes():
    text = text_of(PAGE)
    for schema in (remote.SCHEMA, run_candidate.SCHEMA):
        assert f"`{schema}`" in text
    request = remote.Request(1, 2, 3, 4, None, 5, 6, (("a", "b"),)).line().decode()
    for name in (*re.findall(r'"(\w+)":', request), "script", "fail"):
        assert re.search(rf"^ *\| .*`{name}`.*\|.*\|$", text, re.MULTILINE), name
    for number in range(7):
        assert f"| `E097{number}` |" in text


def test_the_page_knows_the_client():
    functions = set(re.findall(r"\b(interlock_\w+)\(", CLIENT)) - {"interlock_main", "interlock_self"}
    assert functions == set(re.findall(r"^\| `(interlock_\w+)\(", text_of(PAGE), re.MULTILINE))


def test_the_client_reads_the_fields_that_are_sent():
    source = (ROOT / "impl/c/interlock_client.c").read_text(encoding="utf-8")
    request = remote.Request(1, 2, 3, 4, None, 5, 6, (("a", "b"),)).line().decode()
    assert set(re.findall(r'strcmp\(key, "(\w+)"\)', source)) == {*re.findall(r'"(\w+)":', request), "script", "fail"}
