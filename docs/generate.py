"""Write what is generated in docs/: the reference of diagnostics, and the account of the list_lru.

`python docs/generate.py` does it all, in the order of `STAGES`; with names of stages, only those.  Verdicts and costs
take minutes.  They are kept in docs/list_lru as JSON, from which the page is written; a test holds the page to what is
kept, and what is kept to what the specifications expect, and draws the pictures anew.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from interlock.core.system import TransitionSystem
from interlock.core.verdict import Proved, Violated
from interlock.pipeline import Request, check, lower_file, read_bytes
from interlock.render.reference import Example, diagnostics_page
from interlock.render.space_time import diagram_of
from interlock.render.space_time_svg import svg_of_diagram
from interlock_conformance.bindings.list_lru import ListLruBinding
from interlock_conformance.conform import conform
from interlock_conformance.schedule import parse_workload
from interlock_conformance.specification import load_specification
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.verdict import Conforms, report
from list_lru.v13 import ListLrus

DOCS = Path(__file__).parent
ROOT = DOCS.parent
CASES = ROOT / "tests" / "diagnostics"
SPECS = ROOT / "spec" / "list_lru"
KEPT = DOCS / "list_lru"
PAGE = DOCS / "list_lru.md"
LONGEST = 1000
"""An example of more characters than this teaches nothing."""

Record = dict[str, Any]

THREAD = {
    "v13": "a", "growth": "a", "broken/null_array": "a", "null_array_repaired": "a", "broken/freed_list": "a",
    "limbo": "a", "broken/krealloc": "b", "broken/publish_before_copy": "b", "broken/copy_race": "b",
    "rw_semaphore": "c", "broken/unlocked_init": "d", "publish_first": "e", "publish_first_enomem": "e",
    "broken/rcu_registry": "f", "broken/cmpxchg_alone": "g", "broken/lazy": "h", "handshake": "i",
}  # fmt: skip
"""Designs of the thread, by the letters of the account."""

ANSWER = (
    "handshake", "handshake_pin", "handshake_cursor", "handshake_srcu", "handshake_freeze", "handshake_lock",
    "handshake_segments", "handshake_enomem",
)  # fmt: skip
"""The answer in its plainest form, and what else a kernel asks of it."""

UPSTREAM = ("owned", "owned_rcu", "at_allocation", "reparent")
"""What the kernel did later."""

MUTANTS = (
    "handshake_scan_first", "handshake_active_only", "handshake_no_fence", "handshake_plain_store", "handshake_rcu",
    "handshake_pin_plain_get", "handshake_pin_no_drain", "handshake_pin_no_grace", "handshake_pin_unlink_first",
    "handshake_pin_late_enter", "handshake_plain_copy", "handshake_no_bound_check", "handshake_array_first",
    "handshake_enomem_no_drain", "handshake_enomem_sweep_first", "handshake_enomem_wait_first",
    "handshake_enomem_no_wait", "handshake_enomem_release_first",
)  # fmt: skip
"""The answer with one thing taken away, in spec/list_lru/broken."""

COSTED = ("v13", "rw_semaphore", "broken/unlocked_init", "publish_first", "handshake", "handshake_pin")
"""Designs whose costs are told."""

PICTURES = {
    "broken/unlocked_init": "coverage",
    "broken/rcu_registry": "coverage",
    "broken/krealloc": "arrays.no_use_after_free",
    "handshake": "race_lost",
    "broken/handshake_pin_unlink_first": "touch.no_use_after_free",
}
"""What is drawn: the run that breaks (or witnesses) a property."""

ASSERTIONS = {
    "present": "P1", "no_use_after_free": "P2", "no_double_free": "P2", "unwrap": "P2", "lru_alive": "P2",
    "memcg_alive": "P2", "in_bounds": "P6", "parent_has_list": "P7", "not_atomic": "P9", "no_relock": "P9",
    "lock_order": "P9", "deadlock": "P9", "same_lock": "P14", "initialised": "P13",
}  # fmt: skip
"""Which property of the catalogue an assertion is, by the last part of its name; others say it in their comment."""

WORKLOADS = (
    "init(0) | activate(0)",
    "init(0); destroy(0) | activate(0)",
    "init(0) | add(0, 0) | add(0, 0)",
    "init(0); init(1); activate(0) | activate(1) ! 3",
    "init(0) | activate(0) | use(0, 0)",
)
"""What the implementation of v13 is run on, to be counted."""

LIMITS = ("--limit", "1200", "--total-seconds", "900", "--query-seconds", "120")
"""Time for each design: more than it takes, so that a busy machine changes nothing."""

PROOFS_OWN = ("lemma", "inferred", "scenario", "reachable")
"""Kinds of properties that serve a proof or show that a design does something: the account passes them over."""

CALLERS = "callers"
"""The column of refinement."""


def named(stem: str) -> str:
    """A design's file as a reader types it."""
    return f"spec/list_lru/{stem}.ilk"


def judged() -> tuple[str, ...]:
    """Files whose verdicts the account tells."""
    return tuple(dict.fromkeys([*THREAD, *ANSWER, *UPSTREAM, *(f"broken/{stem}" for stem in MUTANTS)]))


# The reference of diagnostics


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


# What the tool finds


def column(name: str, kind: str, doc: str) -> str:
    """The column of a property: the number that its comment begins with, or what an assertion's name says."""
    number = re.match(r"P\d+", doc)
    if number:
        return number[0]
    return CALLERS if kind == "refinement" else ASSERTIONS.get(name.rpartition(".")[2], "")


def told(system: TransitionSystem) -> list[str]:
    """Names of the properties that the account tells."""
    expected = {expect.property for expect in system.expects}
    return [
        prop.name
        for prop in system.properties
        if prop.kind not in PROOFS_OWN and (prop.name in expected or column(prop.name, prop.kind, prop.doc))
    ]


def lowered(stem: str) -> TransitionSystem:
    """What a design's file denotes."""
    system, problems = lower_file(str(SPECS / f"{stem}.ilk"), read_bytes)
    if system is None:
        raise SystemExit(f"{named(stem)}: {'; '.join(problem.message for problem in problems)}")
    return system


def command(*arguments: str) -> Record:
    """What a command of the tool says as JSON."""
    run = [sys.executable, "-m", "interlock_cli", *arguments, "--format", "json"]
    paths = os.pathsep.join(sys.path)
    done = subprocess.run(  # noqa: S603
        run, cwd=ROOT, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1) or not done.stdout:
        raise SystemExit(f"{' '.join(run)}\n{done.stderr}")
    return json.loads(done.stdout)


def verdicts_of(stem: str) -> Record:
    """What `check` says of a design's properties; whatever depends on the machine is left out."""
    system = lowered(stem)
    wanted = [argument for name in told(system) for argument in ("-p", name)]
    (file,) = command("check", named(stem), *wanted, "-j", "1", *LIMITS)["files"]
    unexpected = [f"{found['name']} is {found['verdict']}" for found in file["properties"] if not found["ok"]]
    if unexpected:
        raise SystemExit(f"{named(stem)} is not as expected: {', '.join(unexpected)}")
    properties = {found["name"]: verdict_of(found) for found in file["properties"] if found["kind"] not in PROOFS_OWN}
    return {"module": system.name, "summary": system.doc.split("\n\n")[0], "properties": properties}


def verdict_of(found: Record) -> Record:
    """What the account keeps of a verdict."""
    refuted = found["verdict"] == "violated" and found["trace"] is not None
    return {
        "column": column(found["name"], found["kind"], found["doc"] or ""),
        "verdict": found["verdict"],
        "scope": "" if found["verdict"] == "proved" else found["bound"].partition(" (")[0],
        "steps": len(found["trace"]["steps"]) if refuted else None,
    }


def write_verdicts(stems: Sequence[str] = ()) -> None:
    """Judge every design of the account, or those that are named, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(stems or judged(), pool.map(verdicts_of, stems or judged()), strict=True))
    if stems:
        found = {stem: found.get(stem, record) for stem, record in {**kept("verdicts"), **found}.items()}
    keep("verdicts", {stem: found[stem] for stem in judged() if stem in found})


def measured() -> dict[str, list[Record]]:
    """What the designs do in a holding; what no scope was exhausted for is None."""
    told = command("compare", *map(named, COSTED), "--verdicts", "off", "--limit", "120")
    return {stem: cost_of(design) for stem, design in zip(COSTED, told["designs"], strict=True)}


def write_costs() -> None:
    """Measure costs."""
    keep("costs", measured())


def cost_of(design: Record) -> list[Record]:
    """Rows for each operation and section: what is done in one holding, and whether two can be at it at once."""
    rows: list[Record] = []
    for pair in design["parallel"]:
        of = [c for c in design["costs"] if c["operation"] == pair["operation"] and c["section"] == pair["section"]]
        values = {cost["kind"]: "no bound" if cost["unbounded"] else cost["formula"] for cost in of}
        rows.append(
            {
                "operation": pair["operation"],
                "section": pair["section"],
                "allocations": values.get("allocations", "0"),
                "grace periods": values.get("grace periods", "0"),
                "together": pair["possible"],
            }
        )
    return rows


def keep(name: str, found: Mapping[str, Any]) -> None:
    """Store what was found."""
    (KEPT / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def kept(name: str) -> dict[str, Any]:
    """What was found when it was last asked for."""
    return json.loads((KEPT / f"{name}.json").read_text(encoding="utf-8"))


# Pictures


def picture(stem: str) -> str:
    """The drawing for a design: by the reference explorer, which always finds the same run."""
    name = PICTURES[stem]
    request = Request("explore", properties=(name,), explorer="reference", first=True)
    judged = check(str(SPECS / f"{stem}.ilk"), request)
    verdict = next((judgement.verdict for judgement in judged.judgements if judgement.name == name), None)
    if judged.system is None or not isinstance(verdict, Violated | Proved) or verdict.trace is None:
        raise SystemExit(f"{named(stem)}: there is no run to draw for {name}")
    return svg_of_diagram(diagram_of(verdict.trace, judged.system.property(name), judged.system))


def drawing(stem: str) -> Path:
    """The file of a picture."""
    return KEPT / f"{stem.rpartition('/')[2]}.svg"


def write_pictures() -> None:
    """Draw them all."""
    for stem in PICTURES:
        drawing(stem).write_text(picture(stem), encoding="utf-8")


# The page


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
    stems = [f"broken/{stem}" for stem in MUTANTS]
    rows = [[link(stem), sentence(verdicts[stem]["summary"]), broken(verdicts[stem])] for stem in stems]
    return table(["file", "what is changed", "what breaks, in the shortest run"], rows)


def figure(stem: str, verdicts: Mapping[str, Record]) -> str:
    """A picture with what the tool says of it."""
    found = re.search(r"<title>(.*?)</title>", drawing(stem).read_text(encoding="utf-8"))
    said = found[1].partition(": ")[2] if found else ""
    prop = verdicts[stem]["properties"].get(PICTURES[stem])
    scope = f", in the shortest run of the scope {prop['scope']}" if prop else ""
    return f"![{said}](list_lru/{drawing(stem).name})\n\n{link(stem)}: {said}{scope}."


def excerpt(stem: str, process: str) -> str:
    """A process as the specification has it."""
    text = (SPECS / f"{stem}.ilk").read_text(encoding="utf-8")
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
        "designs": designs(THREAD, verdicts),
        "answer": designs(ANSWER, verdicts),
        "upstream": designs(UPSTREAM, verdicts),
        "mutants": mutants(verdicts),
        "costs": costs(kept("costs")),
        "init": excerpt("handshake", "init"),
        "activate": excerpt("handshake_activate", "activate"),
        "destroy": excerpt("handshake_pin_destroy", "destroy"),
        "pinning": excerpt("handshake_pin_activate", "activate"),
        **{f"figure {drawing(stem).stem}": figure(stem, verdicts) for stem in PICTURES},
    }


def filled(page: str, parts: Mapping[str, str]) -> str:
    """A page with each part between its markers, `<!-- begin NAME -->` and `<!-- end NAME -->`."""

    def replaced(found: re.Match[str]) -> str:
        return f"{found[1]}\n{parts[found[2]]}\n{found[4]}"

    return re.sub(r"(<!-- begin ([\w ]+) -->)\n(.*?)(<!-- end \2 -->)", replaced, page, flags=re.DOTALL)


def write_page() -> None:
    """Bring docs/list_lru.md up to date."""
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), parts()), encoding="utf-8")


# Executions of an implementation


def executions() -> str:
    """How many executions of v13's implementation two strategies take to see all that they cover."""
    system, _ = load_specification(str(SPECS / "base.ilk"), read_bytes)
    if system is None:
        raise SystemExit("spec/list_lru/base.ilk is refused")
    binding = ListLruBinding("v13", ListLrus)
    rows: list[list[str]] = []
    for workload in WORKLOADS:
        row = [f"`{workload}`"]
        for strategy in (Exhaustive(2), Reduced()):
            verdict = conform(binding, system, parse_workload(workload), strategy)
            if not isinstance(verdict, Conforms) or not verdict.exhausted:
                raise SystemExit(report(verdict))
            row.append(f"{verdict.executions:,}")
        rows.append(row)
    head = ("executions of v13", "`Exhaustive(2)`: two preemptions only", "`Reduced()`: everything")
    return table(head, rows)


def write_executions() -> None:
    """Bring the table in docs/conformance.md up to date."""
    page = DOCS / "conformance.md"
    page.write_text(filled(page.read_text(encoding="utf-8"), {"executions": executions()}), encoding="utf-8")


STAGES: dict[str, Callable[[], None]] = {
    "diagnostics": write_diagnostics,
    "pictures": write_pictures,
    "verdicts": write_verdicts,
    "costs": write_costs,
    "executions": write_executions,
    "page": write_page,
}


def main(names: Sequence[str] = ()) -> None:
    """Write every page, or the stages that are named; `verdicts v13 growth` judges these designs alone."""
    stems = [name for name in names if name not in STAGES]
    unknown = set(stems) - set(judged())
    if unknown:
        raise SystemExit(f"neither a stage nor a design of the account: {', '.join(sorted(unknown))}")
    for name in [name for name in names if name in STAGES] or STAGES:
        if name == "verdicts":
            write_verdicts(stems)
        else:
            STAGES[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
