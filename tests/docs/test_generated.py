"""What is generated in docs/ is what `make docs` would write now."""

import importlib.util
import sys
from pathlib import Path

from interlock.core.codes import REGISTRY
from interlock.render.reference import diagnostics_page

DOCS = Path(__file__).parents[2] / "docs"


def generator():
    sys.path.insert(0, str(DOCS))  # as for a script
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_of_diagnostics_is_current():
    page = diagnostics_page(generator().examples())
    assert (DOCS / "diagnostics.md").read_text(encoding="utf-8") == page


def test_every_code_has_its_entry():
    page = diagnostics_page({})
    assert all(f"### {name} " in page for name in REGISTRY)
