"""Logs that cannot be used: each with its code, the line, the reason and what to write; never a traceback."""

import json

import pytest
from tests.trace.runs import ROOT

PETERSON = ROOT / "spec/gallery/peterson.ilk"
PAXOS = ROOT / "spec/gallery/paxos.ilk"
HEADER = '{"schema": "interlock-log/1"'
GOOD = '{"action": "thread.announce", "args": ["LEFT"]}'


@pytest.fixture
def complaint(interlock, tmp_path):
    """What is said of a log with these lines; nothing is judged."""

    def said(*lines, spec=PETERSON, options=(), name="run.jsonl"):
        path = tmp_path / name
        path.write_bytes(b"".join(line if isinstance(line, bytes) else f"{line}\n".encode() for line in lines))
        done = interlock("trace", "check", spec, path, *options)
        assert done.code == 2
        assert done.out == ""
        assert "Traceback" not in done.err
        return done.err

    return said


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("{", "E0950", "not JSON"),
        ("[1]", "E0950", "no JSON object"),
        (b'{"action": "\xff"}\n', "E0950", "not UTF-8"),
        ("[" * 100_000, "E0950", "nested too deeply"),
        ('{"action": "' + "x" * 1_100_000 + '"}', "E0950", "longer than 1,000,000 bytes"),
        ('{"action": "thread", "args": [1' + "0" * 5000 + "]}", "E0950", "not JSON"),
        ('{"action": NaN}', "E0950", "NaN is no number"),
        ('{"action": "thread", "action": "thread"}', "E0950", "`action` is given twice"),
        ('{"action": 7}', "E0950", "`action` is a name"),
        ("{}", "E0950", "an `action`, or a `state`"),
        ('{"state": []}', "E0950", "`state` is an object"),
        (HEADER + "}", "E0950", "before the first event"),
        ('{"actoin": "thread"}', "E0951", "did you mean `action`?"),
        ('{"action": "thread", "time": 3}', "E0951", "begins with `_`"),
        ('{"action": "thread.anounce"}', "E0952", "did you mean `thread.announce`?"),
        (
            '{"action": "thread", "args": ["LEFT", "RIGHT"]}',
            "E0953",
            "there are 2 arguments, and `thread` takes s: Side",
        ),
        ('{"action": "thread", "args": {"side": "LEFT"}}', "E0953", "no parameter `side`"),
        ('{"action": "thread", "args": "LEFT"}', "E0953", "a list"),
        ('{"state": {}, "args": ["LEFT"]}', "E0953", "no `action`"),
        ('{"action": "thread", "args": ["LEFTY"]}', "E0954", "did you mean `LEFT`?"),
        ('{"state": {"turn": null}}', "E0954", "one of LEFT, RIGHT"),
        ('{"state": {"wants(LEFT)": 1}}', "E0954", "true or false"),
        ('{"state": {"trun": "LEFT"}}', "E0958", "did you mean `turn`?"),
        ('{"state": {"wants": true}}', "E0958", "a list of [ARGUMENT, VALUE]"),
        ('{"state": {"wants(LEFT, RIGHT)": true}}', "E0958", "takes 1 arguments, and 2 are given"),
        ('{"state": {"wants": [["LEFT"]]}}', "E0958", "takes 1 arguments, and 0 are given"),
        ('{"state": {"(": true}}', "E0958", "no variable `(`"),
        ('{"action": "thread", "begin": 2, "end": 1}', "E0955", "ends before that"),
        ('{"action": "thread", "begin": 2}', "E0955", "two numbers"),
        ('{"action": "thread", "begin": 0, "end": 1}', "E0955", "in order by lines so far"),
        ('{"action": "thread", "clock": {"a": 1}}', "E0955", "has a `thread`"),
        ('{"action": "thread", "thread": "a", "clock": {"a": -1}}', "E0955", "how far each thread is"),
        ('{"action": "thread", "thread": "a", "clock": {"a": 1}, "begin": 1}', "E0955", "not both"),
    ],
)
def test_a_line_that_cannot_be_used(complaint, line, code, says):
    text = complaint(GOOD, line, GOOD)
    assert f"error[{code}]" in text
    assert "run.jsonl:2:1" in text
    assert says in text
    assert len(text) < 3_000


@pytest.mark.parametrize(
    ("header", "code", "says"),
    [
        ('{"schema": "interlock-log/2"}', "E0950", "this version reads interlock-log/1"),
        (HEADER + ', "hiden": []}', "E0951", "did you mean `hidden`?"),
        (HEADER + ', "hidden": "thread"}', "E0950", "`hidden` is a list of names"),
        (HEADER + ', "hidden": ["thread.x"]}', "E0952", "did you mean `thread"),
        (HEADER + ', "sorts": {"Side": "a"}}', "E0950", "`sorts` gives lists"),
        (HEADER + ', "sorts": {"Side": ["a"]}}', "E0954", "no sort `Side`"),
        (HEADER + ', "initial": {"turn": "MIDDLE"}}', "E0954", "one of LEFT, RIGHT"),
    ],
)
def test_a_header_that_cannot_be_used(complaint, header, code, says):
    text = complaint(header, GOOD)
    assert f"error[{code}]" in text
    assert "run.jsonl:1:1" in text
    assert says in text


@pytest.mark.parametrize("lines", [(), ("", "  "), (HEADER + "}",)])
def test_an_empty_log_explains_nothing(complaint, lines):
    assert "error[E0956]: there is no event in the log" in complaint(*lines)


def test_the_last_line_of_a_killed_writer(complaint):
    text = complaint(GOOD, b'{"action": "thread.yi')
    assert "remove this last line" in text


def test_many_problems_are_told_at_once_and_not_all(complaint):
    assert complaint(GOOD, *['{"action": "nothing"}'] * 5).count("error[E0952]") == 5
    assert complaint(*["{"] * 1_000).count("error[") == 20


def test_control_characters_are_not_sent_to_the_terminal(complaint):
    assert "\x1b" not in complaint('{"action": "\x1b[31mred"}')
    assert "\x1b" not in complaint('{"action": "\\u001b[31mred"}')


def test_elements_beyond_the_scope(complaint):
    ask = [json.dumps({"action": "ask", "args": [name]}) for name in "abc"]
    text = complaint(*ask, spec=ROOT / "spec/gallery/lock_server.ilk", options=("--scope", "Client=2"))
    assert "error[E0959]: the log names 3 elements of Client, of which there are 2" in text
    assert "--scope Client=3" in text
    many = [json.dumps({"action": "ask", "args": [number]}) for number in range(300)]
    assert "error[E0959]" in complaint(*many, spec=ROOT / "spec/gallery/lock_server.ilk")


@pytest.mark.parametrize(
    ("names", "says"),
    [(["first", "second"], "in which order the elements of Round are"), (["1", 1.0], "are the same number")],
)
def test_an_order_that_nobody_knows(complaint, names, says):
    events = [json.dumps({"action": "join", "args": ["n", name]}) for name in names]
    assert says in complaint(*events, spec=PAXOS)


def test_names_that_the_header_does_not_list(complaint):
    header = HEADER + ', "sorts": {"Round": ["one", "two"]}}'
    text = complaint(header, json.dumps({"action": "join", "args": ["n", "tow"]}), spec=PAXOS)
    assert "did you mean `two`?" in text


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "not JSON"),
        ("[]", "no ITF trace"),
        ('{"vars": [], "states": []}', "no ITF trace"),
        ('{"vars": ["turn"], "states": [{}]}', "state 0: there is no value of `turn`"),
        ('{"vars": ["turn"], "states": [7]}', "state 0: a state is an object"),
        ('{"vars": ["turn"], "states": [{"turn": {"#bigint": "1x"}}]}', "state 0: `1x` is no number"),
        ('{"vars": ["turn"], "states": [{"turn": {"#set": []}}]}', "sets are maps to true and false"),
        ('{"vars": ["wants"], "states": [{"wants": {"#map": [["LEFT"]]}}]}', "pairs of a key and a value"),
        ('{"vars": ["x"], "states": [{"x": 1}, {"x": 1}]}', "has no variable `x`"),
        ('{"vars": ["turn"], "states": [{"turn": "LEFT"}, {"turn": 1}]}', "state 1: `1` stands where one of"),
        ('{"vars": ["turn"], "states": [{"turn": "LEFT"}]}', "no event"),
    ],
)
def test_a_trace_that_cannot_be_used(complaint, content, says):
    text = complaint(content.encode(), name="run.itf.json")
    assert says in text
    assert "error[E095" in text


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("trace", "check", PETERSON, "no_such.jsonl"), "E0901"),
        (("trace", "check", PETERSON, "."), "E0903"),
        (("trace", "check", "no_such.ilk", "no_such.jsonl"), "E0901"),
        (("trace", "check", ROOT / "spec/std", "no_such.jsonl"), "E0902"),
        (("trace", "check", PETERSON, ROOT / "README.md", "--scope", "Side=2"), "E0922"),
        (("trace", "check", PETERSON, ROOT / "README.md"), "E0950"),
    ],
)
def test_files_that_cannot_be_used(interlock, monkeypatch, tmp_path, arguments, code):
    monkeypatch.chdir(tmp_path)
    done = interlock(*arguments)
    assert done.code == 2
    assert f"error[{code}]" in done.err
    assert done.out == ""
