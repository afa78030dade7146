"""Labels and regions of a process, read off the syntax before anything is checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from interlock.core.diagnostic import Label
from interlock.core.source import Span
from interlock.lang import syntax
from interlock.lang.scope import Report


@dataclass(frozen=True)
class Labelled:
    """A label of a step or a name of a region, where it is introduced."""

    name: str
    span: Span
    region: bool


def section_region(expr: syntax.Expr) -> str:
    """Default name of the region of `with expr`: the lock as written, without arguments."""
    match expr:
        case syntax.Ident():
            return expr.name
        case syntax.Member():
            return f"{section_region(expr.target)}.{expr.name.text}"
        case syntax.Call():
            return section_region(expr.target)
        case _:
            return "region"


def with_regions(item: syntax.With) -> tuple[str, ...]:
    """Names of the regions of a `with`, one for each lock; `as r` over several gives `r.lock` each."""
    names = tuple(section_region(section) for section in item.sections)
    if item.region is None:
        return names
    return (item.region.text,) if len(names) == 1 else tuple(f"{item.region.text}.{name}" for name in names)


def for_region(item: syntax.For) -> str:
    """Name of a loop's region: as given, else that of its variable."""
    return item.region.text if item.region is not None else item.var.text


def labelled(items: tuple[syntax.ProcessItem, ...]) -> Iterator[Labelled]:
    """Every step label and region below the items, in order."""
    for item in items:
        match item:
            case syntax.StepItem():
                yield Labelled(item.label.text, item.label.span, region=False)
            case syntax.With():
                for name, section in zip(with_regions(item), item.sections, strict=True):
                    yield Labelled(name, item.region.span if item.region else section.span, region=True)
                if item.region is not None and len(item.sections) > 1:
                    yield Labelled(item.region.text, item.region.span, region=True)
                yield from labelled(item.body)
            case syntax.For():
                yield Labelled(for_region(item), item.region.span if item.region else item.var.span, region=True)
                yield from labelled(item.body)
            case syntax.While():
                yield from labelled(item.body)
            case syntax.IfItem():
                yield from labelled(item.yes)
                yield from labelled(item.no)
            case syntax.EitherItem():
                for branch in item.branches:
                    yield from labelled(branch)
            case syntax.Goto() | syntax.Break() | syntax.Return():
                pass
            case _:
                assert_never(item)


def step_labels(items: tuple[syntax.ProcessItem, ...]) -> frozenset[str]:
    """All labels that steps bear, those of `with` and `for` included (`scan.next`, `m.enter`)."""
    found: set[str] = set()
    for entry in labelled(items):
        if entry.region:
            found.update(f"{entry.name}.{part}" for part in ("request", "enter", "exit", "start", "next", "end"))
        else:
            found.add(entry.name)
    return frozenset(found)


def regions(items: tuple[syntax.ProcessItem, ...]) -> frozenset[str]:
    """All names of regions."""
    return frozenset(entry.name for entry in labelled(items) if entry.region)


def check_unique(decl: syntax.ProcessDecl, report: Report) -> None:
    """Report labels and regions that are introduced twice in one process."""
    first: dict[str, Labelled] = {}
    for entry in labelled(decl.body):
        earlier = first.setdefault(entry.name, entry)
        if earlier is not entry:
            fix = "give one of the regions a name: `with m as second { .. }`" if entry.region else "rename one of them"
            report.add(
                "E0501",
                f"`{entry.name}` labels two places in process `{decl.name.text}`",
                entry.span,
                fix=fix,
                labels=(Label(earlier.span, "the first is here"),),
            )
