"""Write what is generated in docs/: the reference of diagnostics, and the account of the list_lru.

`python docs/generate.py` does it all, in the order of `STAGES`; with names of stages, only those: `stale page` after a
specification has changed.  A test holds the page to what is kept (see findings.py), what is kept to what the
specifications expect, and the pictures to those that are drawn now.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import findings
from findings import CALLERS, Record, drawing, kept, named

from interlock.render.reference import Example, diagnostics_page

DOCS = Path(__file__).parent
CASES = DOCS.parent / "tests" / "diagnostics"
PAGE = DOCS / "list_lru.md"
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


def write_diagnostics() -> None:
    """Write docs/diagnostics.md."""
    (DOCS / "diagnostics.md").write_text(diagnostics_page(examples()), encoding="utf-8")


def link(stem: str) -> str:
    """A design's file, to click on."""
    return f"[`{stem}.ilk`](../{named(stem)})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def sentence(text: str) -> str:
    """A file's first paragraph, without what ends it."""
    return " ".join(text.split()).rstrip(".")


def cell(found: Sequence[Record]) -> str:
    """One mark for the properties of a column: the worst."""
    kinds = {record["verdict"] for record in found}
    return "✗" if "violated" in kinds else "(✓)" if "holds" in kinds else "✓" if kinds else ""


def columns(record: Record) -> dict[str, list[Record]]:
    """A design's properties by column."""
    found: dict[str, list[Record]] = {}
    for prop in record["properties"].values():
        found.setdefault(prop["column"], []).append(prop)
    return found


def designs(stems: Mapping[str, str] | Sequence[str], verdicts: Mapping[str, Record]) -> str:
    """A table of designs and what holds of each."""
    letters = stems if isinstance(stems, Mapping) else {}
    by_column = {stem: columns(verdicts[stem]) for stem in stems}
    used = {name for found in by_column.values() for name in found if name}
    heads = [*sorted(used - {CALLERS}, key=lambda name: int(name[1:])), *([CALLERS] if CALLERS in used else [])]
    rows = [
        [
            *([f"({letters[stem]})"] if letters else []),
            link(stem),
            sentence(verdicts[stem]["summary"]),
            *(cell(by_column[stem].get(head, [])) for head in heads),
        ]
        for stem in stems
    ]
    return table([*([""] if letters else []), "file", "what it is", *heads], rows)


def broken(record: Record) -> str:
    """What does not hold, and how soon."""
    found: list[str] = []
    for name, prop in record["properties"].items():
        if prop["verdict"] == "violated":
            number = f"{prop['column']}, " if prop["column"] else ""
            found.append(f"`{name}` ({number}{prop['steps']} steps)")
    return ", ".join(found)


def mutants(verdicts: Mapping[str, Record]) -> str:
    """What becomes of the answer where something is taken away."""
    stems = [f"broken/{stem}" for stem in findings.MUTANTS]
    rows = [[link(stem), sentence(verdicts[stem]["summary"]), broken(verdicts[stem])] for stem in stems]
    return table(["file", "what is changed", "what breaks, in the shortest run"], rows)


def figure(stem: str, verdicts: Mapping[str, Record]) -> str:
    """A picture with what the tool says of it."""
    found = re.search(r"<title>(.*?)</title>", drawing(stem).read_text(encoding="utf-8"))
    said = found[1].partition(": ")[2] if found else ""
    prop = verdicts[stem]["properties"].get(findings.PICTURES[stem])
    scope = f", in the shortest run of the scope {prop['scope']}" if prop else ""
    return f"![{said}](list_lru/{drawing(stem).name})\n\n{link(stem)}: {said}{scope}."


def excerpt(stem: str, process: str) -> str:
    """A process as the specification has it."""
    text = (findings.SPECS / f"{stem}.ilk").read_text(encoding="utf-8")
    found = re.search(rf"^(?:fair )?process {process}\(.*?^\}}$", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise SystemExit(f"{named(stem)} has no process {process}")
    return f"```\n{found[0]}\n```"


def costs(found: Mapping[str, Sequence[Record]]) -> str:
    """A table of holdings."""
    rows = [
        [
            link(stem),
            row["operation"],
            f"`{row['section']}`" if row["section"] else "none",
            row["allocations"] or "not known",
            row["grace periods"] or "not known",
            {True: "yes", False: "no", None: "not known"}[row["together"]],
        ]
        for stem, rows_of in found.items()
        for row in telling(rows_of)
    ]
    return table(["file", "operation", "lock", "allocations", "grace periods", "two at once"], rows)


def telling(rows: Sequence[Record]) -> list[Record]:
    """Holdings of locks; of an operation without any, the whole of it."""
    locked = {row["operation"] for row in rows if row["section"]}
    return [row for row in rows if row["operation"] != "lookup" and (row["section"] or row["operation"] not in locked)]


def counted(verdicts: Mapping[str, Record]) -> str:
    """How much is judged for the account."""
    found = [prop["verdict"] for record in verdicts.values() for prop in record["properties"].values()]
    counts = {kind: found.count(kind) for kind in ("proved", "holds", "violated")}
    return (
        f"For this page {len(verdicts)} files with {len(found)} properties are judged: {counts['proved']} are proved "
        f"for any number of lrus, memcgs and readers, {counts['holds']} hold in every state of a finite scope, and "
        f"{counts['violated']} are violated, all as the files expect."
    )


def parts() -> dict[str, str]:
    """Every generated part of the account."""
    verdicts = kept("verdicts")
    return {
        "counted": counted(verdicts),
        "designs": designs(findings.THREAD, verdicts),
        "answer": designs(findings.ANSWER, verdicts),
        "upstream": designs(findings.UPSTREAM, verdicts),
        "mutants": mutants(verdicts),
        "costs": costs(kept("costs")),
        "init": excerpt("handshake", "init"),
        "activate": excerpt("handshake_activate", "activate"),
        "destroy": excerpt("handshake_pin_destroy", "destroy"),
        "pinning": excerpt("handshake_pin_activate", "activate"),
        **{f"figure {drawing(stem).stem}": figure(stem, verdicts) for stem in findings.PICTURES},
    }


def filled(page: str, parts: Mapping[str, str]) -> str:
    """A page with each part between its markers, `<!-- begin NAME -->` and `<!-- end NAME -->`."""

    def replaced(found: re.Match[str]) -> str:
        return f"{found[1]}\n{parts[found[2]]}\n{found[4]}"

    return re.sub(r"(<!-- begin ([\w ]+) -->)\n(.*?)(<!-- end \2 -->)", replaced, page, flags=re.DOTALL)


def write_page() -> None:
    """Bring docs/list_lru.md up to date."""
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), parts()), encoding="utf-8")


def executed() -> str:
    """The table of executions."""
    head = ("executions of v13", "`Exhaustive(2)`: two preemptions only", "`Reduced()`: everything")
    return table(head, findings.executions())


def write_executions() -> None:
    """Bring the table in docs/conformance.md up to date."""
    page = DOCS / "conformance.md"
    page.write_text(filled(page.read_text(encoding="utf-8"), {"executions": executed()}), encoding="utf-8")


STAGES: dict[str, Callable[[], None]] = {
    "diagnostics": write_diagnostics,
    "pictures": findings.write_pictures,
    "verdicts": findings.write_verdicts,
    "costs": findings.write_costs,
    "executions": write_executions,
    "page": write_page,
}
QUICK: dict[str, Callable[[], None]] = {"stale": findings.write_stale}


def main(names: Sequence[str] = ()) -> None:
    """Write every page, or the stages that are named; `stale` judges only what has changed."""
    stages = STAGES | QUICK
    unknown = set(names) - set(stages)
    if unknown:
        raise SystemExit(f"no such stage: {', '.join(sorted(unknown))}; there are {', '.join(stages)}")
    for name in names or STAGES:
        stages[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
