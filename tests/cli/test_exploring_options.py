"""Options of `explore` and `simulate`: what they change, and what is said of those that make no sense."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BROKEN = str(ROOT / "spec/gallery/broken/two_phase_commit.ilk")
RIGHT = str(ROOT / "spec/gallery/two_phase_commit.ilk")


def test_first_stops_and_continue_does_not(interlock):
    first = interlock("explore", BROKEN, "--scope", "Manager=4", "--engine", "native", "--first", "-j", "1")
    assert "stopped at the first violation" in first.out
    whole = interlock("explore", BROKEN, "--scope", "Manager=4", "--engine", "native", "--continue", "-j", "1")
    assert "stopped" not in whole.out
    assert "(all explored)" in whole.out


def test_reductions_are_named_and_can_be_turned_off(interlock):
    reduced = interlock("explore", RIGHT, "--scope", "Manager=3", "--engine", "native", "-p", "consistent")
    assert "reduced by symmetry: Manager (3! = 6)" in reduced.out
    whole = interlock(
        "explore", RIGHT, "--scope", "Manager=3", "--engine", "native", "--no-symmetry", "--no-partial-order"
    )
    assert "reduced" not in whole.out
    assert "288 distinct states" in whole.out


def test_a_small_int_has_room_in_the_native_explorer(interlock):
    done = interlock("explore", str(ROOT / "spec/gallery/ticket_lock.ilk"), "--engine", "native", "-p", "in_order")
    assert "(all explored)" in done.out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("explore", RIGHT, "--scope", "Manager=5", "--graph", "{folder}/too_many.svg"), "E0930"),
        (("simulate", RIGHT, "--weight", "prepair=2"), "E0928"),
    ],
)
def test_diagnostics(interlock, tmp_path, arguments, code):
    done = interlock(*(argument.replace("{folder}", str(tmp_path)) for argument in arguments))
    assert f"error[{code}]" in done.err + done.out


@pytest.mark.parametrize("size", ["4Q", "-1", "many", "0"])
def test_amounts_of_memory_are_checked(interlock, size):
    done = interlock("explore", RIGHT, "--memory", size)
    assert done.code == 2
    assert "write it like 500M or 4G" in done.err


def test_counterexamples_are_drawn_into_a_folder_and_witnesses_on_demand(interlock, tmp_path):
    drawn = tmp_path / "new" / "folder"
    broken = str(ROOT / "spec/gallery/broken/ticket_lock.ilk")
    done = interlock("check", broken, "--diagrams", str(drawn))
    wrong = {"deadlock", "exclusive", "refinement.gallery.exclusion"}
    assert {path.name for path in drawn.iterdir()} == {f"gallery.broken.ticket_lock.{name}.svg" for name in wrong}
    assert "<svg" in (drawn / "gallery.broken.ticket_lock.deadlock.svg").read_text()
    assert done.code == 0
    interlock("explore", broken, "--diagrams", str(drawn), "-v")
    assert (drawn / "gallery.broken.ticket_lock.queue.svg").exists()


def test_a_folder_for_diagrams_that_cannot_be_made_is_reported(interlock, tmp_path):
    (tmp_path / "file").write_text("")
    done = interlock("explore", RIGHT, "--diagrams", str(tmp_path / "file"))
    assert done.code == 2
    assert "error[E0927]" in done.err
