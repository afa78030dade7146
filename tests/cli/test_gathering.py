"""Workers that answer, fail, die or hang: each input comes to something, and to nothing else than its own."""

import os
import time
from pathlib import Path

import pytest

from interlock.engines.costs.study import study
from interlock_cli.gathering import Failure, Gathering


def compute(item: str) -> str:
    match item:
        case "raise":
            raise ValueError("no")
        case "die":
            os._exit(3)
        case "hang":
            time.sleep(600)
        case _:
            pass
    return item.upper()


def gathered(*items: str, hands: int = 2, seconds: float = 600.0) -> list[str | Failure]:
    found: dict[int, str | Failure] = {}
    with Gathering(compute, items, hands, seconds) as gathering:
        for number, result in gathering.results():
            assert number not in found
            found[number] = result
    return [found[number] for number in range(len(items))]


@pytest.mark.parametrize("hands", [1, 2, 9])
def test_each_input_comes_to_its_own(hands):
    assert gathered("a", "b", "c", hands=hands) == ["A", "B", "C"]
    assert gathered() == []


def test_a_worker_that_fails_or_dies_takes_nothing_else_with_it():
    a, failed, died, b = gathered("a", "raise", "die", "b")
    assert (a, b) == ("A", "B")
    assert failed == Failure("ValueError: no")
    assert died == Failure("its worker ended before it had answered")


def test_a_worker_that_hangs_is_given_up():
    assert gathered("hang", hands=1, seconds=0.1) == [Failure("its worker did not answer")]


def test_who_leaves_early_leaves_no_worker_behind():
    with Gathering(compute, ["a", "hang"], 2, 600.0) as gathering:
        assert next(gathering.results()) == (0, "A")
        (running,) = gathering._running.values()
    assert running.process.exitcode is not None


def test_a_fault_on_one_file_is_told_and_the_others_are_compared(interlock, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        process = "process work(t: Task) { step one: await true }"
        Path(f"{name}.ilk").write_text(
            f"module {name}\nsort Task\n{process}\ninvariant fine: true\nexpect fine proved\n"
        )

    def broken(system, *args, **options):
        if system.name == "one":
            raise RuntimeError("broken")
        return study(system, *args, **options)

    monkeypatch.setattr("interlock.compare.study", broken)
    done = interlock("compare", "one.ilk", "two.ilk", "--verdicts", "off", "--engine", "reference")
    assert done.code == 2
    assert "error[E0929]: Interlock failed on this file: RuntimeError: broken" in done.err
    assert "two  two.ilk" in done.out
    assert "Traceback" not in done.out + done.err
