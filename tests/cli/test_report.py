"""The page that `--report` writes."""

import base64
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest

from interlock_cli.main import main

COUNTER = """
--- Counts to <three> & no further.
module counter
enum Phase { LOW, HIGH }
var phase: Phase = LOW
var up: Bool = false
action climb { await phase = LOW; phase := HIGH }
action lift { await phase = HIGH; up := true }
--- Never up & "high".
invariant down: not up
reachable climbed: phase = HIGH
expect down violated
"""

LOOSE = """
module loose
sort Node
var on(n: Node): Bool = false
action flip(n: Node) { on(n) := not on(n) }
invariant some: exists n: Node :: on(n) or not on(n)
"""


class Reader(HTMLParser):
    """Collects identifiers, links and pictures, and sees that every element that is opened is closed."""

    def __init__(self):
        super().__init__()
        self.ids, self.links, self.pictures, self.open, self.text = set(), set(), [], [], []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag not in ("meta", "img"):
            self.open.append(tag)
        if "id" in given:
            self.ids.add(given["id"])
        if given.get("href", "").startswith("#"):
            self.links.add(given["href"][1:])
        if tag in ("img", "object"):
            self.pictures.append((tag, given.get("src") or given["data"]))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(path):
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    assert not reader.open
    return reader


@pytest.fixture
def counter(tmp_path):
    path = tmp_path / "counter.ilk"
    path.write_text(COUNTER)
    return path


def test_each_verdict_has_its_run_and_its_picture(counter, tmp_path):
    page = tmp_path / "report.html"
    assert main(["explore", str(counter), "--report", str(page)]) == 0
    reader = read(page)
    said = " ".join(reader.text)
    assert "Counts to <three> & no further." in said
    assert 'Never up & "high".' in said
    assert "down is violated after 2 steps" in said
    assert "a run that shows it" in said
    assert reader.links == {"file0-down", "file0-climbed"} <= reader.ids
    kinds = [kind for kind, _ in reader.pictures]
    assert sorted(kinds) == ["img", "img", "object"]
    for _, data in reader.pictures:
        svg = base64.b64decode(data.removeprefix("data:image/svg+xml;base64,"))
        assert ET.fromstring(svg).tag.endswith("svg")


def test_the_page_is_the_same_each_time_but_for_times(counter, tmp_path):
    pages = [tmp_path / name for name in ("one.html", "two.html")]
    for page in pages:
        assert main(["explore", str(counter), "--no-time", "--report", str(page)]) == 0
    assert pages[0].read_text() == pages[1].read_text()
    assert not re.search(r"\d s<", pages[0].read_text())


def test_several_files_begin_with_a_table_of_them(counter, tmp_path):
    (tmp_path / "loose.ilk").write_text(LOOSE)
    page = tmp_path / "report.html"
    assert main(["check", str(tmp_path), "--report", str(page)]) == 0
    reader = read(page)
    assert {"file0", "file1"} <= reader.links & reader.ids
    assert "2 files, 3 properties: all as expected" in reader.text


def test_what_is_not_as_expected_and_what_cannot_be_read_are_told(tmp_path):
    (tmp_path / "bad.ilk").write_text("module bad\nvar x: Boool = false\n")
    (tmp_path / "wrong.ilk").write_text(COUNTER.replace("module counter", "module wrong").replace("violated", "proved"))
    page = tmp_path / "report.html"
    assert main(["explore", str(tmp_path), "--report", str(page)]) == 2
    said = " ".join(read(page).text)
    assert "2 of them not as expected" in said
    assert "expected proved" in said
    assert "Boool" in said


def test_a_graph_that_nobody_could_read_is_left_out(tmp_path):
    path = tmp_path / "loose.ilk"
    path.write_text(LOOSE)
    page = tmp_path / "report.html"
    assert main(["explore", str(path), "--scope", "Node=10", "--report", str(page)]) == 0
    reader = read(page)
    assert "1024 states are too many to be drawn on a page" in reader.text
    assert reader.pictures == []


def test_a_page_that_cannot_be_written_is_reported(counter, tmp_path, capsys):
    assert main(["explore", str(counter), "--report", str(tmp_path / "none" / "report.html")]) == 2
    assert "E0927" in capsys.readouterr().err
