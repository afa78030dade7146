"""The plugin: `.ilk` files are collected, one item for each property.

A file is judged once, as `interlock check` judges it, when the first of its items runs; the others tell what was found.
So with pytest-xdist `--dist loadfile` is best: apart from each other the items are judged as well, but each process
judges the whole file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from interlock.core.diagnostic import Diagnostic
    from interlock.core.system import Property, TransitionSystem
    from interlock.report import FileReport


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare what can be set."""
    group = parser.getgroup("interlock", "Interlock specifications")
    group.addoption("--interlock-limit", type=float, metavar="S", help="seconds for each specification")
    parser.addini("interlock_limit", "seconds for each specification", default="300")
    parser.addini("interlock_files", "specifications that are collected", type="args", default=["*.ilk"])


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Specification | None:
    """Collect a specification."""
    patterns: list[str] = parent.config.getini("interlock_files")
    if file_path.suffix == ".ilk" and any(file_path.match(pattern) for pattern in patterns):
        return Specification.from_parent(parent, path=file_path)  # pyright: ignore[reportUnknownMemberType] -- pytest's
    return None


class Specification(pytest.File):
    """A file: it is lowered when it is collected, and judged when the first of its properties is asked for."""

    _report: FileReport | None = None

    def collect(self) -> Iterable[PropertyItem]:
        """One item for each property that somebody has written; an error where the file has errors."""
        system = self._lower()
        for prop in system.properties:
            if prop.kind != "inferred":
                yield PropertyItem.from_parent(self, name=prop.name, prop=prop)  # pyright: ignore[reportUnknownMemberType]

    def _lower(self) -> TransitionSystem:
        from interlock.pipeline import lower_file, read_bytes

        try:
            system, diagnostics = lower_file(str(self.path), read_bytes)
        except OSError as error:
            raise self.CollectError(f"cannot read {self.path}: {error.strerror}") from error
        if system is None:
            raise self.CollectError("\n".join(said(diagnostics)))
        return system

    def report(self) -> FileReport:
        """What there is to say of the file; found out once."""
        if self._report is None:
            from interlock.pipeline import Request, check

            seconds = self.config.getoption("--interlock-limit") or float(self.config.getini("interlock_limit"))
            self._report = check(str(self.path), Request(seconds=seconds))
        return self._report


class PropertyItem(pytest.Item):
    """A property: it passes if its verdict is the one that the file expects, or else if it is not refuted."""

    def __init__(self, *, prop: Property, **more: Any) -> None:  # noqa: ANN401 - what pytest gives every item
        super().__init__(**more)  # pyright: ignore[reportUnknownMemberType]
        self._prop = prop

    def runtest(self) -> None:
        """Judge the file, unless that has been done, and see what came of this property."""
        assert isinstance(self.parent, Specification)
        report = self.parent.report()
        judgement = next((j for j in report.judgements if j.name == self._prop.name), None)
        if judgement is None:
            raise NotAsExpected((f"{self._prop.name} was not judged: {report.ending}", *said(report.diagnostics)))
        self.user_properties.append(("verdict", judgement.verdict.kind))
        if not judgement.ok:
            raise NotAsExpected(tuple(self._story(report)))

    def _story(self, report: FileReport) -> Iterator[str]:
        from interlock.render.terminal import Style, lines_of_evidence, lines_of_judgements

        assert report.system is not None
        judgement = next(j for j in report.judgements if j.name == self._prop.name)
        yield from (line.plain for line in lines_of_judgements([judgement], Style(times=False)))
        yield from (line.plain for line in lines_of_evidence(judgement, report.system, Style(times=False)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401
        """The run that refutes the property; a traceback only for errors of Interlock's own."""
        if isinstance(excinfo.value, NotAsExpected):
            return "\n".join(excinfo.value.lines)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the property stands, and what it is called."""
        line = self._prop.span.source.position(self._prop.span.start)[0] - 1 if self._prop.span else None
        return self.path, line, f"{self.path.name}: {self._prop.name}"


def said(diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    """Diagnostics as lines of text."""
    from interlock.render.diagnostics import lines_of_diagnostic

    return (line.plain for diagnostic in diagnostics for line in lines_of_diagnostic(diagnostic))


class NotAsExpected(Exception):  # noqa: N818 - a verdict, and no error of the program
    """A property whose verdict is not the expected one; the lines tell why."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        super().__init__(*lines)
        self.lines = lines
