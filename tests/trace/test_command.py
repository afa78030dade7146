"""`interlock trace`: what it prints and exits with, for a reader and as JSON."""

import io
import json
import sys

import pytest
from tests.trace.runs import ROOT

PETERSON = ROOT / "spec/gallery/peterson.ilk"
BROKEN = ROOT / "spec/gallery/broken/peterson.ilk"
SERVER = ROOT / "spec/gallery/lock_server.ilk"


@pytest.fixture
def log(tmp_path):
    def write(*events, name="run.jsonl"):
        path = tmp_path / name
        path.write_text("".join(json.dumps(event) + "\n" for event in events))
        return path

    return write


def step(label, side, **more):
    return {"action": f"thread.{label}", "args": [side], **more}


BOTH_WAIT = [step("announce", "LEFT"), step("yield", "LEFT"), step("announce", "RIGHT"), step("yield", "RIGHT")]


def test_explained(interlock, log):
    done = interlock("trace", "check", PETERSON, log(*BOTH_WAIT, step("wait", "LEFT")))
    assert (done.code, done.err) == (0, "")
    assert "explained: gallery.peterson has a run with all 5 events (1 state at the end, 1 at most)" in done.out


def test_not_explained_with_the_clause_that_is_false(interlock, log):
    done = interlock("trace", "check", PETERSON, log(*BOTH_WAIT, step("wait", "RIGHT")))
    assert (done.code, done.err) == (1, "")
    assert "run.jsonl:5: not explained: no run of gallery.peterson has more than the first 4 of 5 events" in done.out
    assert "thread(RIGHT) wait needs `not wants" in done.out
    assert "turn = RIGHT" in done.out
    assert "possible there: thread(LEFT) wait" in done.out
    assert "thread(RIGHT) is at wait" in done.out


def test_not_explained_by_what_was_seen(interlock, log):
    done = interlock(
        "trace", "check", PETERSON, log(step("announce", "LEFT", state={"turn": "RIGHT", "wants(LEFT)": True}))
    )
    assert done.code == 1
    assert "thread(LEFT) announce: after it, turn is LEFT, and was seen as RIGHT" in done.out


def test_a_start_that_is_not_the_specifications(interlock, log):
    done = interlock(
        "trace", "check", PETERSON, log({"schema": "interlock-log/1", "initial": {"turn": "RIGHT"}}, *BOTH_WAIT)
    )
    assert done.code == 1
    assert "begins like this" in done.out
    assert "turn is LEFT, and was seen as RIGHT" in done.out


def test_a_broken_invariant(interlock):
    """The broken algorithm has this run, and its file says that it must not."""
    done = interlock("trace", "check", BROKEN, ROOT / "tests/trace/data/both_inside.itf.json")
    assert done.code == 1
    assert "that breaks nothing" in done.out
    assert "breaks exclusive" in done.out
    assert (
        interlock("trace", "check", BROKEN, ROOT / "tests/trace/data/both_inside.itf.json", "--no-invariants").code == 0
    )


def test_hidden_steps(interlock, log):
    path = log(step("announce", "LEFT"), step("wait", "LEFT"))
    assert interlock("trace", "check", PETERSON, path).code == 1
    assert interlock("trace", "check", PETERSON, path, "--hide", "thread.yield").code == 0
    assert interlock("trace", "check", PETERSON, path, "--hide", "thread").code == 0
    assert interlock("trace", "check", PETERSON, path, "--hide", "nobody").code == 2


def test_a_limit_is_unknown_and_never_a_pass(interlock, log):
    path = log({"action": "*", "args": []}, {"action": "*"}, {"action": "*"})
    done = interlock("trace", "check", SERVER, path, "--states", 2)
    assert done.code == 3
    assert "unknown: more than 2 states may explain it; 1 of 3 events are explained, before line 2" in done.out
    assert (
        json.loads(interlock("trace", "check", SERVER, path, "--states", 2, "--format", "json").out)["verdict"]
        == "unknown"
    )


def test_no_time_is_unknown(interlock, log):
    done = interlock("trace", "check", SERVER, log(*[{"action": "*"}] * 5), "--limit", "0.000001")
    assert done.code == 3
    assert "no more time" in done.out


def test_names_are_told(interlock, log):
    path = log({"action": "ask", "args": ["sda"]}, {"action": "take", "args": ["sdb"]})
    done = interlock("trace", "check", SERVER, path)
    assert done.code == 1
    assert "names: client0 is sda, client1 is sdb" in done.out


def test_standard_input(interlock, monkeypatch):
    text = "".join(json.dumps(event) + "\n" for event in BOTH_WAIT)

    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Pipe(text.encode())))
    done = interlock("trace", "check", PETERSON, "-")
    assert (done.code, done.err) == (0, "")


def test_json(interlock, log):
    path = log(*BOTH_WAIT, step("wait", "RIGHT"))
    document = json.loads(interlock("trace", "check", PETERSON, path, "--format", "json").out)
    assert (document["schema"], document["ok"], document["verdict"]) == ("interlock-trace/1", False, "not_explained")
    assert (document["line"], document["explained"], document["events"], document["stuck"]) == (5, 4, 5, [5])
    (nearest,) = document["nearest"]
    assert nearest["step"] == "thread(RIGHT) wait"
    assert "turn = RIGHT" in nearest["clause"]
    good = json.loads(interlock("trace", "check", PETERSON, log(*BOTH_WAIT), "--format", "json").out)
    assert (good["ok"], good["verdict"], good["explained"], good["diagnostics"]) == (True, "explained", 4, [])


def test_json_of_what_cannot_be_used(interlock, log):
    done = interlock("trace", "check", PETERSON, log(step("nowhere", "LEFT")), "--format", "json")
    assert done.code == 2
    document = json.loads(done.out)
    assert not document["ok"]
    (problem,) = document["diagnostics"]
    assert (problem["code"], problem["place"]["line"]) == ("E0952", 1)


def test_several_alternatives_are_told_nearest_first(interlock, log):
    """Nobody holds the lock: what comes nearest is a client that leaves, and lacks it."""
    done = interlock("trace", "check", SERVER, log({"action": "ask"}, {"action": "leave"}))
    assert "client0" in done.out
    assert "needs `holds(client0)`" in done.out


def test_names_of_an_ordered_sort_and_their_order_survive_itf_and_back(interlock, log, tmp_path):
    spec = tmp_path / "epochs.ilk"
    spec.write_text(
        "module epochs\nordered sort Epoch\nvar newest: Epoch = Epoch.first\n"
        "action begin(e: Epoch) { await next(newest, e); newest := e }\n"
        "scope small { Epoch = 4 }\n"
    )
    order = {"schema": "interlock-log/1", "sorts": {"Epoch": ["dawn", "noon", "dusk"]}}
    written = log(order, {"action": "begin", "args": ["noon"]}, {"action": "begin", "args": ["dusk"]})
    itf, back = tmp_path / "run.itf.json", tmp_path / "back.jsonl"
    assert interlock("trace", "convert", spec, written, itf).code == 0
    assert json.loads(itf.read_text())["#meta"]["sorts"] == {"Epoch": ["dawn", "noon", "dusk", "epoch3"]}
    assert interlock("trace", "check", spec, itf).code == 0
    assert interlock("trace", "convert", spec, itf, back).code == 0
    assert json.loads(back.read_text().splitlines()[0])["sorts"]["Epoch"] == ["dawn", "noon", "dusk", "epoch3"]
    assert interlock("trace", "check", spec, back).code == 0
    wrong = itf.read_text().replace('"noon",\n    "dusk"', '"dusk",\n    "noon"')
    assert wrong != itf.read_text()
    itf.write_text(wrong)
    assert interlock("trace", "check", spec, itf).code == 1
