"""`interlock testgen` as it is called: what it writes, what it refuses, and which files it calls stale."""

import re

import pytest

TURN = """module turn
sort Client
var holder: Client? = none
--- Anybody may have it.
action take(c: Client) { await holder = none; holder := c }
action leave(c: Client) { await holder = c; holder := none }
reachable taken: holder != none
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "turn.ilk").write_text(TURN)
    return tmp_path


def test_it_writes_a_file_and_tells_what_it_covers(folder, interlock):
    done = interlock("testgen", "turn.ilk", "--scope", "Client=2", "--output", "test_turn.py", "-v")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "test_turn.py: turn",
        "1 case, 3 steps in all",
        "steps taken: 2 of 2",
        "pairs of adjacent steps covered: 2, all that this scope has",
        "pairs that never follow one another in this scope: 2",
        "not right after take: take",
        "not right after leave: leave",
    ]
    text = (folder / "test_turn.py").read_text()
    assert "command        interlock testgen turn.ilk --scope Client=2 --output test_turn.py\n" in text
    assert 'run.step("take", c=0).gives({"holder": 0})' in text


def test_without_output_the_text_is_printed(folder, interlock):
    done = interlock("testgen", "turn.ilk", "--refusals")
    assert (done.code, done.err) == (0, "")
    compile(done.out, "printed", "exec")
    assert 'run.refuses("take", c=0)' in done.out


# Staleness


@pytest.fixture
def check(folder, interlock):
    assert interlock("testgen", "turn.ilk", "--refusals", "--output", "test turn.py").code == 0
    return lambda: interlock("testgen", "--check", "test turn.py")


def test_a_file_that_was_just_written_is_up_to_date(check):
    done = check()
    assert (done.code, done.out, done.err) == (0, "test turn.py: up to date\n", "")


def test_comments_and_properties_make_nothing_stale(folder, check):
    text = TURN.replace("--- Anybody may", "-- First\n--- Everybody can").replace("reachable taken: holder != none", "")
    (folder / "turn.ilk").write_text(text)
    assert check().code == 0


def test_where_a_step_stands_that_is_not_taken_makes_nothing_stale(folder, interlock):
    text = TURN + "action both(c: Client) { await holder = none and holder = c; holder := none }\n"
    (folder / "turn.ilk").write_text(text)
    done = interlock("testgen", "turn.ilk", "--output", "out.py")
    assert "not taken: both in line 8, never enabled in this scope" in done.out
    (folder / "turn.ilk").write_text(f"-- a comment\n{text}")
    assert interlock("testgen", "--check", "out.py").code == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [("holder = none; holder := c", "holder != c; holder := c"), ("sort Client", "sort Client, Other")],
)
def test_a_specification_that_means_something_else_makes_a_file_stale(folder, check, old, new):
    assert old in TURN
    (folder / "turn.ilk").write_text(TURN.replace(old, new) + ("" if "Other" not in new else "var o: Other\n"))
    done = check()
    assert done.code == 1
    assert "stale, turn.ilk means something else now; write it again: interlock testgen turn.ilk" in done.out


def test_a_file_that_was_edited_is_stale(folder, check):
    file = folder / "test turn.py"
    file.write_text(file.read_text().replace('"holder": 0', '"holder": 1'))
    done = check()
    assert done.code == 1
    assert "the file was edited, or written by another version" in done.out


def test_another_specification_may_be_compared_with(folder, check, interlock):
    (folder / "turn.ilk").rename(folder / "moved.ilk")
    assert check().code == 2
    assert interlock("testgen", "moved.ilk", "--check", "test turn.py").code == 1  # the path is part of the text


def test_of_several_files_the_worst_counts(folder, check, interlock):
    done = interlock("testgen", "--check", "test turn.py", "turn.ilk")
    assert done.code == 2
    assert "up to date" in done.out
    assert "error[E0938]: turn.ilk was not written by `interlock testgen`" in done.err


def test_a_file_of_somebody_else_is_not_replaced(folder, interlock):
    (folder / "mine.py").write_text("precious = True\n")
    done = interlock("testgen", "turn.ilk", "--output", "mine.py")
    assert done.code == 2
    assert "error[E0938]: mine.py was not written by `interlock testgen`" in done.err
    assert (folder / "mine.py").read_text() == "precious = True\n"


def test_a_file_that_it_wrote_is_replaced(check, interlock):
    assert interlock("testgen", "turn.ilk", "--output", "test turn.py").code == 0
    assert check().code == 0


# Input that cannot be used

LIVENESS_ONLY = "module calm\nvar on: Bool = false\nliveness ends: not on leads to on\n"
UNBOUNDED = "module much\nvar n: Int\naction inc { n := n + 1 }\n"
COUNTER = "module up\nvar n: Int = 0\naction inc { n := n + 1 }\n"
NO_START = "module nowhere\nvar on: Bool = false\ninitially on\naction flip { on := not on }\n"
NOT_SHARED = "module alone\nprocess walker { local far: Bool\n step go: far := true }\n"
STUCK = "module stuck\nvar on: Bool = false\naction flip { await on; on := false }\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (LIVENESS_ONLY, r"error\[E0937\]: calm has no steps"),
        (UNBOUNDED, r"error\[E0937\]: much: the variable n is an Int without a value"),
        (NO_START, r"error\[E0937\]: nowhere: no state satisfies the axioms and the initial condition in this scope"),
        (NOT_SHARED, r"error\[E0937\]: alone has no variables that threads share\n(.*\n)*.*--state all"),
        (STUCK, r"error\[E0937\]: stuck: no step is ever enabled in this scope"),
        ("module x\nvar n: Intt = 0\n", r"error\[E0201\]"),
    ],
)
def test_nothing_to_test(folder, interlock, text, says):
    (folder / "given.ilk").write_text(text)
    done = interlock("testgen", "given.ilk", "--output", "out.py")
    assert (done.code, done.out) == (2, "")
    assert re.search(says, done.err)
    assert not (folder / "out.py").exists()


def test_a_space_without_an_end_is_bounded(folder, interlock):
    (folder / "up.ilk").write_text(COUNTER)
    done = interlock("testgen", "up.ilk", "--states", "20", "--output", "out.py")
    assert done.code == 0
    assert "bounded: more than 20 states" in done.out
    assert interlock("testgen", "--check", "out.py").code == 0


def test_when_time_runs_out_nothing_is_written(folder, interlock):
    (folder / "up.ilk").write_text(COUNTER)
    done = interlock("testgen", "up.ilk", "--states", "100000000", "--limit", "0.2", "--output", "out.py")
    assert done.code == 2
    assert "E0937" in done.err
    assert "more than can be explored in 0.2 s" in done.err
    assert not (folder / "out.py").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("testgen",), "E0937"),
        (("testgen", "absent.ilk"), "E0901"),
        (("testgen", "turn.ilk", "--scope", "Clint=2"), "E0922"),
        (("testgen", "turn.ilk", "--scope", "big"), "E0921"),
        (("testgen", "turn.ilk", "--output", "no/such/folder.py"), "E0927"),
        (("testgen", "--check", "absent.py"), "E0938"),
        (("testgen", "."), "E0903"),
    ],
)
def test_a_command_line_that_cannot_be_used(folder, interlock, arguments, says):
    done = interlock(*arguments)
    assert done.code == 2
    assert f"error[{says}]" in done.err
    assert says != "E0922" or "--> turn.ilk" in done.err


@pytest.mark.parametrize(
    "command", ["interlock testgen turn.ilk --what", "interlock testgen 'turn.ilk", "interlock testgen --scope"]
)
def test_a_command_in_a_file_that_cannot_be_read(folder, check, interlock, command):
    file = folder / "test turn.py"
    file.write_text(re.sub(r"^command {8}.*$", f"command        {command}", file.read_text(), flags=re.MULTILINE))
    done = check()
    assert done.code == 2
    assert "error[E0938]: the command in it cannot be read" in done.err


def test_a_binary_file_is_not_ours(folder, interlock):
    (folder / "out.py").write_bytes(b"\xff\xfe\x00")
    done = interlock("testgen", "--check", "out.py")
    assert done.code == 2
    assert "it is no UTF-8 text" in done.err


def test_names_that_python_cannot_have(folder, interlock):
    text = "module names\nsort Node\nvar place: Node?\naction move(from: Node, lambda: Node) { await place = from; place := lambda }\n"
    (folder / "names.ilk").write_text(text)
    done = interlock("testgen", "names.ilk")
    assert (done.code, done.err) == (0, "")
    compile(done.out, "printed", "exec")
    assert '**{"from": 0, "lambda": ' in done.out
