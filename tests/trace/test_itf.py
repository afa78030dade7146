"""Traces in the Informal Trace Format: written by every engine's run, read back, and judged."""

import json

import pytest
from tests.trace.runs import GALLERY, ROOT, model_of, random_run, system_of

from interlock.engines.graph import make_trace
from interlock.engines.traces.itf import place_in_itf, read_itf
from interlock.engines.traces.judging import Explained, NotExplained, judge_log
from interlock.engines.traces.log import Entry, Header
from interlock.engines.traces.reading import open_log
from interlock.pipeline import sizes_of
from interlock.render.itf import text_of_itf

SPECS = [*(str(path.relative_to(ROOT)) for path in GALLERY), "spec/list_lru/v13.ilk"]


def written(spec, seed=0, length=25):
    first, steps = random_run(spec, seed, length)
    return json.loads(text_of_itf(make_trace(model_of(spec), first, steps), system_of(spec), description="a run"))


def judged(spec, document):
    system, text = system_of(spec), json.dumps(document).encode()
    log, problems = open_log(
        system, "run.itf.json", lambda: read_itf(text, "run.itf.json"), sizes_of(system, "")[0], place=place_in_itf
    )
    assert log is not None, problems
    return judge_log(log.case(), log.events)


@pytest.mark.parametrize("spec", SPECS)
def test_what_is_written_is_explained_when_it_is_read(spec):
    document = written(spec)
    assert isinstance(judged(spec, document), Explained)
    for state in document["states"]:
        del state["#meta"]
    assert isinstance(judged(spec, document), Explained)


@pytest.mark.parametrize("spec", SPECS)
def test_a_state_that_is_left_out_is_missed(spec):
    """States that follow one another by one step each do not do so without the one between them; not in these runs."""
    document = written(spec)
    for state in document["states"]:
        del state["#meta"]
    places = [n for n in range(1, len(document["states"]) - 1) if _two_apart(document, n)]
    assert places
    del document["states"][places[0]]
    outcome = judged(spec, document)
    assert isinstance(outcome, NotExplained) == (not _one_step(spec, places[0]))
    if isinstance(outcome, NotExplained):
        assert outcome.explained == places[0] - 1


def _two_apart(document, place):
    return document["states"][place - 1] != document["states"][place + 1]


def _one_step(spec, place):
    _, steps = random_run(spec, 0, 25)
    before = steps[place - 2].after if place > 1 else random_run(spec, 0, 25)[0]
    return any(step.after == steps[place].after for step in model_of(spec).successors(before))


def test_the_shape_of_a_document():
    document = written("spec/gallery/two_lock_queue.ilk")
    assert set(document) == {"#meta", "params", "vars", "states"}
    assert document["params"] == ["CAP"]
    first, second = document["states"][:2]
    assert set(first) == {"#meta", *document["params"], *document["vars"]}
    assert set(second) == {"#meta", *document["vars"]}
    assert first["length"] == {"#bigint": "0"}
    assert first["queued"] == {"#map": [["item0", False], ["item1", False], ["item2", False]]}
    assert second["#meta"]["action"] in ("produce.put_lock.enter", "consume.take_lock.enter")


def test_options_are_variants_and_keys_of_several_are_tuples():
    first = written("spec/gallery/sharded_store.ilk")["states"][0]
    assert first["stored"]["#map"][0] == [{"#tup": ["node0", "key0"]}, {"tag": "None", "value": {"#tup": []}}]
    later = written("spec/gallery/sharded_store.ilk", length=60)["states"]
    assert any(value[1].get("tag") == "Some" for state in later for value in state["stored"]["#map"])


def test_other_tools_spell_values_in_other_ways():
    text = json.dumps(
        {
            "vars": ["a", "b", "c", "mbt::actionTaken"],
            "states": [
                {"a": 3, "b": {"tag": "Some", "value": {"#bigint": "-4"}}, "c": {"#map": [[[1, "x"], True]]}, "mbt::actionTaken": ""},
                {"#meta": {"action": "go", "args": {"x": {"#bigint": "7"}}}, "a": 3, "b": {"tag": "None", "value": "U_OF_UNIT"}, "c": {"#map": []}, "mbt::actionTaken": "go"},
                {"#meta": {"index": 2}, "a": 3, "b": {"tag": "None", "value": "U_OF_UNIT"}, "c": {"#map": []}, "mbt::actionTaken": "go"},
                {"a": 4, "b": {"tag": "PREPARED", "value": {}}, "c": {"#map": []}, "mbt::actionTaken": "go"},
            ],
        }
    )  # fmt: skip
    header, one, two, three = read_itf(text.encode(), "t")
    assert isinstance(header, Header)
    assert header.initial == {"a": 3, "b": -4, "c": [[1, "x", True]]}
    assert isinstance(one, Entry)
    assert (one.line, one.action, one.args, one.state["b"]) == (1, "go", {"x": 7}, None)
    assert isinstance(two, Entry)
    assert two.action is None  # the same state, and no step is named: nothing happened
    assert isinstance(three, Entry)
    assert (three.action, three.state["b"]) == ("*", "PREPARED")


def test_converting_there_and_back(interlock, tmp_path):
    spec = ROOT / "spec/gallery/lock_server.ilk"
    log, itf, again = tmp_path / "run.jsonl", tmp_path / "run.itf.json", tmp_path / "again.jsonl"
    log.write_text('{"action": "ask", "args": ["sda"]}\n{"action": "take", "args": ["sda"]}\n')
    assert interlock("trace", "convert", spec, log, itf, "--hide", "grant").code == 0
    document = json.loads(itf.read_text())
    assert [state["#meta"].get("action") for state in document["states"]] == [None, "ask", "grant", "take"]
    assert ["sda", True] in document["states"][-1]["holds"]["#map"]
    assert interlock("trace", "check", spec, itf).code == 0
    assert interlock("trace", "convert", spec, itf, again).code == 0
    assert len(again.read_text().splitlines()) == 4
    assert interlock("trace", "check", spec, again).code == 0


def test_what_is_not_explained_is_not_converted(interlock, tmp_path):
    log, itf = tmp_path / "run.jsonl", tmp_path / "run.itf.json"
    log.write_text('{"action": "take", "args": ["sda"]}\n')
    done = interlock("trace", "convert", ROOT / "spec/gallery/lock_server.ilk", log, itf)
    assert done.code == 1
    assert "not explained" in done.out
    assert not itf.exists()


def test_a_file_that_cannot_be_written(interlock, tmp_path):
    log = tmp_path / "run.jsonl"
    log.write_text('{"action": "ask", "args": ["sda"]}\n')
    done = interlock("trace", "convert", ROOT / "spec/gallery/lock_server.ilk", log, tmp_path / "no" / "run.itf.json")
    assert done.code == 2
    assert "error[E0927]" in done.err


def test_counterexamples_are_written_and_are_runs(interlock, tmp_path):
    spec = ROOT / "spec/gallery/broken/peterson.ilk"
    assert interlock("explore", spec, "--itf", tmp_path / "found", "--no-time").code in (0, 1)
    (path,) = (tmp_path / "found").glob("*.itf.json")
    assert path.name == "gallery.broken.peterson.exclusive.itf.json"
    assert interlock("trace", "check", spec, path, "--no-invariants").code == 0
    done = interlock("trace", "check", spec, path)
    assert done.code == 1
    assert "breaks exclusive" in done.out


def test_known_gap_sets_are_not_read():
    text = b'{"vars": ["s"], "states": [{"s": {"#set": ["LEFT"]}}]}'
    (problem,) = read_itf(text, "t")
    assert "sets are maps to true and false" in problem.fix
