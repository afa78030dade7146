"""docs/conformance.md: what it runs in Python finds what the page is about."""

import re

from tests.docs.pages import ROOT, text_of


def test_its_example_finds_a_broken_property(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    code = re.search(r"^```python\n(.*?)^```$", text_of("docs/conformance.md"), re.MULTILINE | re.DOTALL)[1]
    exec(compile(code, "docs/conformance.md", "exec"), {})
    out = capsys.readouterr().out
    assert out.startswith("unlocked_init breaks coverage: ")
    assert "\n  replay: init(0) | activate(0) @ " in out
