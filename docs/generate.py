"""Write what is generated in docs/."""

from pathlib import Path

from interlock.render.reference import Example, diagnostics_page

DOCS = Path(__file__).parent
CASES = DOCS.parent / "tests" / "diagnostics"
LONGEST = 1000
"""An example of more characters than this teaches nothing."""


def examples() -> dict[str, Example]:
    """What the tests show for each code: a single file and its printed diagnostics."""
    found: dict[str, Example] = {}
    for case in sorted(CASES.glob("[EW]*.ilk")):
        source = case.read_text(encoding="utf-8", errors="replace")
        printed = case.with_suffix(".expected").read_text(encoding="utf-8")
        if len(source) + len(printed) <= LONGEST:
            found.setdefault(case.stem.split("_")[0], Example(source, printed))
    return found


def main() -> None:
    """Write every page."""
    (DOCS / "diagnostics.md").write_text(diagnostics_page(examples()), encoding="utf-8")


if __name__ == "__main__":
    main()
