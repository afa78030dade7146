"""What the account of the list_lru tells, found by the tool: verdicts, costs, pictures, executions.

Verdicts and costs take minutes.  They are kept in docs/list_lru as JSON, from which the page is written.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from interlock.core.system import TransitionSystem
from interlock.core.verdict import Proved, Violated
from interlock.marks import marks_for
from interlock.pipeline import Request, check, lower_file, read_bytes
from interlock.render.compare_overview import REFINES, mark
from interlock.render.space_time import diagram_of
from interlock.render.space_time_svg import svg_of_diagram
from interlock_conformance.conform import conform
from interlock_conformance.schedule import parse_workload
from interlock_conformance.specification import load_specification
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.reduced import Reduced
from interlock_conformance.verdict import Conforms, report
from list_lru.bindings.base import ListLruBinding
from list_lru.v13 import ListLrus

ROOT = Path(__file__).parents[1]
SPECS = ROOT / "spec" / "list_lru"
KEPT = Path(__file__).parent / "list_lru"
MARKS, _ = marks_for(str(SPECS / "v13.ilk"), read_bytes)
"""Columns of assertions."""

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


def column(name: str, kind: str, doc: str) -> str:
    """The column of a property, which is that of `compare` where it has one."""
    found = mark(name, kind, doc, MARKS)
    return CALLERS if found == REFINES else found


def told(stem: str, system: TransitionSystem) -> list[str]:
    """Names of the properties that the account tells: of a broken design, those of which its file expects something."""
    expected = {expect.property for expect in system.expects}
    return [
        prop.name
        for prop in system.properties
        if prop.kind not in PROOFS_OWN
        and (prop.name in expected or (not wrong(stem) and column(prop.name, prop.kind, prop.doc)))
    ]


def wrong(stem: str) -> bool:
    """Whether a design is there to be refuted."""
    return stem.startswith("broken/")


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
    wanted = [argument for name in told(stem, system) for argument in ("-p", name)]
    (file,) = command("check", named(stem), *wanted, "-j", "1", *LIMITS)["files"]
    unexpected = [f"{found['name']} is {found['verdict']}" for found in file["properties"] if not found["ok"]]
    if unexpected:
        raise SystemExit(f"{named(stem)} is not as expected: {', '.join(unexpected)}")
    properties = {found["name"]: verdict_of(found) for found in file["properties"] if found["kind"] not in PROOFS_OWN}
    return {"module": system.name, "summary": summary(system), "properties": properties}


def summary(system: TransitionSystem) -> str:
    """The first paragraph of a file's description."""
    return system.doc.split("\n\n")[0]


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


def misfit(stem: str) -> str:
    """Why what is kept on a design cannot be what `check` says of its file today; empty where it can."""
    record = kept("verdicts").get(stem)
    if record is None:
        return "it was never judged"
    system = lowered(stem)
    names = sorted(told(stem, system))
    if sorted(record["properties"]) != names:
        return f"other properties are kept than {', '.join(names)}"
    expected = {expect.property: expect.verdict for expect in system.expects}
    met = {"proved": ["proved"], "holds": ["proved", "holds"], "violated": ["violated"], "unknown": ["unknown"]}
    wrong = [n for n, kept in record["properties"].items() if kept["verdict"] not in met[expected.get(n, "holds")]]
    if wrong:
        return f"the file expects something else of {', '.join(wrong)}"
    return "" if record["summary"] == summary(system) else "its description is another one"


def write_stale() -> None:
    """Judge the designs whose files have changed so that what is kept does not fit; each is kept when it is judged."""
    for stem in filter(misfit, judged()):
        write_verdicts([stem])


def measured() -> dict[str, list[Record]]:
    """What the designs do in a holding; what no scope was exhausted for is None."""
    told = command("compare", *map(named, COSTED), "--verdicts", "off", "--limit", "60")
    return {stem: cost_of(design) for stem, design in zip(COSTED, told["designs"], strict=True)}


def write_costs() -> None:
    """Measure costs."""
    keep("costs", measured())


def cost_of(design: Record) -> list[Record]:
    """Rows for each operation and section: what is done in one holding, and whether two can be at it at once."""
    rows: list[Record] = []
    for pair in design["parallel"]:
        of = [c for c in design["costs"] if c["operation"] == pair["operation"] and c["section"] == pair["section"]]
        values = {cost["kind"]: amount(cost, design["varied"]) for cost in of}
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


def amount(cost: Record, varied: Sequence[str]) -> str | None:
    """A cost as a formula; where the scopes do not tell one, the greatest that was measured in an exhausted scope."""
    if cost["unbounded"]:
        return "no bound"
    exact = [sample for sample in cost["samples"] if sample["exact"]]
    if cost["formula"] or not exact:
        return cost["formula"]
    greatest = max(exact, key=lambda sample: sample["value"])
    sizes = greatest["sizes"]
    return f"{greatest['value']} at {', '.join(f'{sort}={sizes[sort]}' for sort in varied)}"


def keep(name: str, found: Mapping[str, Any]) -> None:
    """Store what was found."""
    (KEPT / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def kept(name: str) -> dict[str, Any]:
    """What was found when it was last asked for."""
    return json.loads((KEPT / f"{name}.json").read_text(encoding="utf-8"))


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


def executions() -> list[list[str]]:
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
    return rows
