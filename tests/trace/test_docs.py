"""docs/traces.md shows what the command prints; `python -m tests.trace.test_docs` brings it up to date."""

import re
import tempfile
from pathlib import Path

import pytest
from tests.docs.pages import ROOT, blocks_of, text_of
from tests.docs.transcripts import transcript

from interlock.engines.traces import log
from interlock.render import log_outcome

PAGE = "docs/traces.md"
BLOCKS = [block for block in blocks_of(PAGE, text_of(PAGE)) if block.language == "console"]


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_the_page_shows_what_is_printed(block, tmp_path):
    assert transcript(block, tmp_path) == block.text


def test_the_page_knows_the_fields_and_the_schemas():
    text = text_of(PAGE)
    assert log.SCHEMA in text
    assert log_outcome.SCHEMA in text
    for name in (*log._EVENT, *log._HEADER):
        assert re.search(rf"^\|.*`{name}`.*\|.*\|$", text, re.MULTILINE), name


if __name__ == "__main__":
    told = text_of(PAGE)
    for found in BLOCKS:
        with tempfile.TemporaryDirectory() as folder:
            told = told.replace(found.text, transcript(found, Path(folder)))
    (ROOT / PAGE).write_text(told, encoding="utf-8")
