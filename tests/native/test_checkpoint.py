"""Searches that go on after their process was killed, and folders that are not what they should be."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from hashlib import sha256
from math import comb
from pathlib import Path

import pytest
from tests.native.toggles import Toggles

from interlock.engines.native import driver as driving
from interlock.engines.native.checkpoint import Checkpoint, identity_of
from interlock.engines.native.driver import Driver
from interlock.engines.native.memory import OutOfMemory, resident
from interlock.engines.native.outcome import Bounds, Reason, Until
from interlock.engines.protocol import Refused
from interlock_cli.main import main

BITS = 15
LEVELS = tuple(comb(BITS, n) for n in range(BITS + 1))
KINDS = [(True, 1), (False, 1), (False, 2)]
ROOT = Path(__file__).parents[2]
SPEC = """\
module bits
sort Bit
var on(b: Bit): Bool = false
var turns: 0..3 = 0
action turn(b: Bit) { await not on(b); on(b) := true }
action back(b: Bit) { await on(b) and turns = 3; on(b) := false }
action tick { await turns < 3; turns := turns + 1 }
invariant not_all: not (forall b: Bit :: on(b) and turns = 3)
reachable some: exists b: Bit :: on(b)
deadlock free
"""


class Killed(Exception):  # noqa: N818
    pass


def opened(folder, model, **more):
    given = {"identity": "one", "title": "a model", "every": 0.0, **more}
    return Checkpoint(folder, state_size=8 * model.words, **given)


def search(folder, model, *, keyed=True, threads=1, progress=lambda _: None, until=Until.ALL, **bounds):
    with (
        opened(folder, model) as checkpoint,
        Driver(model, keyed=keyed, threads=threads, slots=1, checkpoint=checkpoint) as driver,
    ):
        outcome = driver.run([model.state(())], until=until, progress=progress, bounds=Bounds(**bounds))
        return outcome, [driver.state(index) for index in range(outcome.states)]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("keyed", "words"), KINDS)
def test_a_search_that_is_abandoned_again_and_again_finds_the_same(keyed, words, threads, tmp_path, monkeypatch):
    monkeypatch.setattr(driving, "_SLICE_SECONDS", 0.002)
    monkeypatch.setattr(driving, "_FIRST_SLICE", 64)
    model = Toggles(BITS, words, idle=True, properties=2, step_properties=1)
    chosen, abandoned = random.Random(words), 0
    while True:
        left = chosen.randrange(1, 6) if abandoned < 4 else 0

        def progress(_):
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed

        try:
            outcome, states = search(tmp_path, model, keyed=keyed, threads=threads, progress=progress)
        except Killed:
            abandoned += 1
            continue
        break
    assert abandoned
    assert (outcome.reason, outcome.levels) == (Reason.COMPLETE, LEVELS)
    assert len(set(states)) == outcome.states == 2**BITS
    assert outcome.transitions == (BITS * 2 ** (BITS - 1), 2**BITS)
    assert {number: found.depth for number, found in outcome.found.items()} == {0: BITS, 1: 2}
    assert outcome.step_found[0].after is not None


@pytest.mark.parametrize(("keyed", "words", "threads"), [(True, 1, 1), (True, 1, 3), (False, 2, 3)])
def test_every_text_that_was_there_when_the_process_may_have_been_killed_is_good(
    keyed, words, threads, tmp_path, monkeypatch
):
    """States and predecessors are appended to after a text was written, and never changed in what it counts.

    Each text meets the files as the killed process left them: threads that go on from it may number states otherwise.
    """
    monkeypatch.setattr(driving, "_SLICE_SECONDS", 0.002)
    monkeypatch.setattr(driving, "_FIRST_SLICE", 64)
    model, killed, texts = Toggles(BITS, words), tmp_path / "killed", []

    def progress(_):
        texts.append((killed / "checkpoint.json").read_text())

    search(killed, model, keyed=keyed, threads=threads, progress=progress)
    for number, text in enumerate([texts[1], *random.Random(0).choices(texts, k=4)]):
        folder = shutil.copytree(killed, tmp_path / str(number))
        (folder / "checkpoint.json").write_text(text)
        outcome, states = search(folder, model, keyed=keyed, threads=threads)
        assert (outcome.reason, outcome.levels) == (Reason.COMPLETE, LEVELS)
        assert len(set(states)) == outcome.states == 2**BITS
        assert outcome.transitions[0] == BITS * 2 ** (BITS - 1)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("end", [{"states": 5000}, {"depth": 5}, {"seconds": 0.0}])
def test_a_search_that_ended_for_a_bound_goes_on_beyond_it(end, threads, tmp_path):
    model = Toggles(BITS)
    short, _ = search(tmp_path, model, threads=threads, **end)
    assert short.reason is not Reason.COMPLETE
    rest, states = search(tmp_path, model, threads=threads)
    assert (rest.reason, rest.levels) == (Reason.COMPLETE, LEVELS)
    assert rest.transitions[0] == BITS * 2 ** (BITS - 1)
    assert len(set(states)) == 2**BITS


def test_what_was_found_is_told_at_once_by_the_search_that_goes_on(tmp_path):
    model = Toggles(BITS, properties=2)
    search(tmp_path, model, states=5000)
    outcome, _ = search(tmp_path, model, until=Until.LEVEL)
    assert (outcome.reason, outcome.found[1].depth) == (Reason.FOUND, 2)
    assert outcome.states < 2**BITS


def test_a_search_goes_on_with_as_many_threads_as_it_began_with(tmp_path):
    model = Toggles(BITS)
    search(tmp_path, model, threads=2, states=5000)
    with opened(tmp_path, model) as checkpoint, Driver(model, keyed=True, threads=1, checkpoint=checkpoint) as driver:
        assert driver.threads == 2
        assert driver.run([]).levels == LEVELS


def test_a_search_that_is_complete_says_so_again(tmp_path):
    model = Toggles(BITS)
    first, _ = search(tmp_path, model)
    again, _ = search(tmp_path, model)
    assert (again.reason, again.levels, again.transitions) == (Reason.COMPLETE, LEVELS, first.transitions)
    assert (tmp_path / "states").stat().st_size == 8 * 2**BITS


def test_what_is_written_behind_the_counted_states_is_ignored(tmp_path):
    model = Toggles(BITS)
    search(tmp_path, model, states=5000)
    with (tmp_path / "states").open("ab") as file:
        file.write(b"\xff" * 80000)
    outcome, states = search(tmp_path, model)
    assert outcome.levels == LEVELS
    assert len(set(states)) == 2**BITS


# Folders that are refused


def cut(name, size):
    return lambda folder: os.truncate(folder / name, size)


def flip(name, at):
    def damage(folder):
        data = bytearray((folder / name).read_bytes())
        data[at] ^= 1
        (folder / name).write_bytes(data)

    return damage


def replaced(text):
    return lambda folder: (folder / "checkpoint.json").write_text(text)


def edited(folder):
    outer = json.loads((folder / "checkpoint.json").read_text())
    outer["content"] = outer["content"].replace('"level": ', '"level": 1')
    (folder / "checkpoint.json").write_text(json.dumps(outer))


@pytest.mark.parametrize(
    "damage",
    [
        cut("states", 8000),
        cut("predecessors", 0),
        flip("states", 4321),
        flip("predecessors", 1234),
        lambda folder: (folder / "states").unlink(),
        cut("checkpoint.json", 100),
        replaced(""),
        replaced("[]"),
        replaced("{}"),
        replaced('{"format": 1, "sum": "", "content": 7}'),
        replaced("\xe4"),
        edited,
    ],
)
def test_a_damaged_checkpoint_is_refused(damage, tmp_path):
    model = Toggles(BITS)
    search(tmp_path, model, states=5000)
    damage(tmp_path)
    with pytest.raises(Refused, match="is damaged") as refused:
        opened(tmp_path, model)
    assert refused.value.diagnostic.code.name == "E0933"
    assert refused.value.diagnostic.fix


def test_a_checkpoint_of_another_search_or_format_is_refused(tmp_path):
    model = Toggles(BITS)
    search(tmp_path, model, states=5000)
    with pytest.raises(Refused, match="holds a checkpoint of a model") as refused:
        opened(tmp_path, model, identity="two", title="another")
    assert refused.value.diagnostic.code.name == "E0932"
    outer = json.loads((tmp_path / "checkpoint.json").read_text())
    (tmp_path / "checkpoint.json").write_text(json.dumps({**outer, "format": 2}))
    with pytest.raises(Refused, match="an earlier version"):
        opened(tmp_path, model)


def test_the_identity_tells_searches_apart():
    models = [Toggles(4), Toggles(5), Toggles(4, 2), Toggles(4, idle=True), Toggles(4, properties=1)]
    models += [Toggles(4, step_properties=1), Toggles(4, symmetric=True), Toggles(4, waits=True)]
    found = {identity_of(model, [(0,)], []) for model in models}
    found |= {identity_of(Toggles(4), [(1,)], []), identity_of(Toggles(4), [(0,)], ["p"])}
    assert len(found) == len(models) + 2
    assert identity_of(Toggles(4), [(0,)], []) in found


def test_a_folder_with_other_files_or_none_or_in_use_is_refused(tmp_path, monkeypatch):
    model = Toggles(BITS)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "states").write_text("precious")
    (tmp_path / "file").write_text("")
    for name, why in (("full", "holds files, but no checkpoint"), ("file", "cannot be used"), ("file/x", "cannot be")):
        with pytest.raises(Refused, match=why) as refused:
            opened(tmp_path / name, model)
        assert refused.value.diagnostic.code.name == "E0931"
    assert (tmp_path / "full" / "states").read_text() == "precious"
    monkeypatch.setattr("interlock.engines.native.checkpoint._PATIENCE", 0.0)
    with opened(tmp_path / "used", model), pytest.raises(Refused, match="another search uses"):
        opened(tmp_path / "used", model)
    opened(tmp_path / "used", model).close()


def test_a_table_for_what_was_saved_may_need_more_memory_than_there_is(tmp_path):
    model = Toggles(BITS)
    search(tmp_path / "kept", model)
    with opened(tmp_path / "kept", model) as checkpoint:
        little = {"keyed": True, "slots": 1, "memory": 1 << 18, "checkpoint": checkpoint}
        with pytest.raises(OutOfMemory, match=f"a table for the {2**BITS} states of the checkpoint does not fit"):
            Driver(model, **little)
        with Driver(model, **little, spill=tmp_path / "spill") as driver:
            assert driver.run([]).levels == LEVELS
            assert driver.store.table.path is not None


def test_a_search_that_was_killed_before_it_saved_anything_begins_again(tmp_path):
    model = Toggles(BITS)
    opened(tmp_path, model).close()
    (tmp_path / "states").write_bytes(b"\xff" * 4096)
    assert search(tmp_path, model)[0].levels == LEVELS


def test_a_checkpoint_that_cannot_be_written_ends_the_search(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(driving, "_SLICE_SECONDS", 0)
    model = Toggles(BITS)
    with opened(tmp_path, model) as checkpoint, Driver(model, keyed=True, checkpoint=checkpoint) as driver:
        monkeypatch.setattr(Checkpoint, "_write", full)
        outcome = driver.run([(0,)])
    assert outcome.reason is Reason.MEMORY
    assert "No space left" in outcome.detail


# The whole command


def command(spec, *more):
    options = ["--no-symmetry", "--no-partial-order", "--threads", "2", "--format", "json", "--no-time", *more]
    return [sys.executable, "-m", "interlock_cli", "explore", str(spec), *options]


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT / "tools")}


def finished(spec, *more):
    ended = subprocess.run(command(spec, *more), capture_output=True, text=True, env=environment(), check=False)
    return ended.returncode, json.loads(ended.stdout) if ended.stdout else None, ended.stderr


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "bits.ilk"
    path.write_text(SPEC)
    return path


@pytest.mark.slow
def test_a_command_that_is_killed_again_and_again_reports_what_an_undisturbed_one_does(spec, tmp_path):
    scope, folder = ("--scope", "Bit=18"), tmp_path / "kept"
    expected = finished(spec, *scope)
    assert expected[1]["files"][0]["exploration"]["states"] == 2**20
    chosen, kills, counts = random.Random(7), 0, []
    keep = (*scope, "--checkpoint", str(folder), "--checkpoint-seconds", "0.01")
    while kills < 4:
        running = subprocess.Popen(command(spec, *keep), env=environment(), stdout=subprocess.PIPE)
        before = (folder / "checkpoint.json").stat().st_mtime_ns if folder.exists() else 0
        while running.poll() is None and (
            not (folder / "checkpoint.json").exists() or (folder / "checkpoint.json").stat().st_mtime_ns == before
        ):
            time.sleep(0.01)
        time.sleep(chosen.uniform(0, 0.3))
        running.send_signal(signal.SIGKILL)
        running.communicate()
        if running.returncode != -signal.SIGKILL:
            break
        kills += 1
        content = json.loads(json.loads((folder / "checkpoint.json").read_text())["content"])
        counts.append(content["saved"]["count"] if content["saved"] else 0)
    assert kills >= 2
    assert counts == sorted(counts)
    assert len(set(counts)) > 1, "no process went on from where another had been"
    assert finished(spec, *keep) == expected
    assert finished(spec, *keep) == expected


def test_an_interrupted_command_has_saved_how_far_it_was(spec, tmp_path):
    folder = tmp_path / "kept"
    keep = ("--scope", "Bit=20", "--checkpoint", str(folder), "--checkpoint-seconds", "1000")
    with subprocess.Popen(command(spec, *keep), env=environment(), stdout=subprocess.PIPE) as running:
        while not (folder / "states").exists():
            time.sleep(0.01)
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        running.communicate()
    content = json.loads(json.loads((folder / "checkpoint.json").read_text())["content"])
    assert running.returncode == 130
    assert content["saved"]["count"] > 1


def test_folders_that_cannot_be_used_are_diagnostics(spec, tmp_path):
    kept = ("--checkpoint", str(tmp_path / "kept"))
    finished(spec, "--scope", "Bit=12", *kept)
    for more, code in (
        (("--scope", "Bit=11", *kept), "E0932"),
        (("--engine", "native", "--spill", str(spec)), "E0931"),
    ):
        status, report, _ = finished(spec, *more)
        assert status == 2
        assert [d["code"] for d in report["files"][0]["diagnostics"]] == [code]


def test_a_checkpoint_is_of_one_search(spec, tmp_path, capsys):
    (tmp_path / "other.ilk").write_text(SPEC)
    for paths, more in (([spec], ["--grow", "1s"]), ([spec], ["--engine", "reference"]), ([tmp_path], [])):
        assert main(["explore", *map(str, paths), *more, "--checkpoint", str(tmp_path / "kept")]) == 2
        assert "E0934" in capsys.readouterr().err
    assert not (tmp_path / "kept").exists()


def test_memory_that_is_used_up_ends_a_command_with_advice(spec):
    status, report, complaint = finished(spec, "--scope", "Bit=18", "--memory", "2M")
    deadlock = next(p for p in report["files"][0]["properties"] if p["name"] == "deadlock")
    assert (deadlock["verdict"], complaint) == ("none_up_to", "")
    assert "2.0 MB of memory are used up; give --spill DIR or more --memory" in deadlock["bound"]
    assert status == finished(spec, "--scope", "Bit=18", "--states", "10000")[0]


def test_what_spills_reports_the_same(spec, tmp_path):
    expected = finished(spec, "--scope", "Bit=15")
    assert finished(spec, "--scope", "Bit=15", "--memory", "1M", "--spill", str(tmp_path / "more")) == expected
    assert not list((tmp_path / "more").iterdir())


@pytest.mark.parametrize("threads", [1, 2])
def test_what_spills_keeps_to_its_memory(threads, tmp_path, monkeypatch):
    """Files of 70 MB and a table of 16 MB within 32 MB; what is found between two looks at the memory comes on top."""
    monkeypatch.setattr(driving, "_SLICE_SECONDS", 0.02)
    model, most = Toggles(20, 8), []
    with Driver(model, keyed=False, threads=threads, memory=32 << 20, spill=tmp_path) as driver:
        outcome = driver.run([model.state(())], progress=lambda _: most.append(resident()))
        assert (outcome.reason, outcome.states) == (Reason.COMPLETE, 2**20)
        assert driver.store.table.path is None
        assert max(most) - driver.store._base < 56 << 20


def test_the_sum_of_the_text_is_over_its_content(tmp_path):
    search(tmp_path, Toggles(4))
    outer = json.loads((tmp_path / "checkpoint.json").read_text())
    assert outer["sum"] == sha256(outer["content"].encode()).hexdigest()
