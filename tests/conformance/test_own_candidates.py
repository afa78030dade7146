"""Candidates of somebody's own: bound by their module, by an option, or by the names of their methods alone."""

import json
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SPEC = """
--- A counter that two threads may share.
module counter
sort Thread
var total: 0..8 = 0
action add(n: 0..8) { await total + n <= 8; total := total + n }
action read(n: 0..8) { await n = total }
invariant small: total <= 8
"""

CANDIDATES = '''
WORKLOADS = ("add(1); read() | add(2)",)


class Counter:
    def __init__(self, runtime):
        self.lock = runtime.mutex("lock")
        self.total = runtime.memory("counter").cell("total", 0)

    def add(self, n):
        with self.lock:
            self.total.store(self.total.load() + n)

    def read(self):
        return self.total.load()


class Unlocked(Counter):
    """Loses an update; only who reads afterwards can tell."""

    def add(self, n):
        self.total.store(self.total.load() + n)


class Shown(Counter):
    """Says what it is in the specification's terms."""

    def symbols(self):
        return {"total": lambda: self.total.peek()}


class ShownUnlocked(Unlocked):
    symbols = Shown.symbols


class Twice(Shown):
    """Adds in two steps, which nobody who only calls can see."""

    def add(self, n):
        with self.lock:
            for _ in range(n):
                self.total.store(self.total.load() + 1)


class Rests(Shown):
    def at_rest(self):
        return "it is never content"
'''

BINDING = '''
from interlock_conformance.calls import Calls


class Tally:
    """Knows nothing of the runtime's conventions: other names, no symbols."""

    def __init__(self, runtime):
        self.cell = runtime.memory("tally").cell("cell", 0)

    def bump(self):
        self.cell.store(self.cell.load() + 1)


class TallyBinding(Calls):
    """`add(n)` is so many bumps."""

    def misuse(self, workload):
        strange = [str(o) for o in workload.operations if o.name != "add"]
        return f"`{strange[0]}` is not add(n)" if strange else None

    def symbols(self, candidate):
        return {"total": lambda: candidate.cell.peek()}

    def start(self, runtime, workload):
        made = self._make(runtime)
        return Started(made, self.symbols(made))


class Started:
    def __init__(self, candidate, symbols):
        self.candidate, self.shown = candidate, symbols

    def call(self, operation):
        for _ in range(operation.args[0]):
            self.candidate.bump()

    def symbols(self):
        return self.shown

    def at_rest(self):
        return None


BINDING = TallyBinding
WORKLOADS = ["add(1); add(1)"]
'''


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a specification and candidates, as a user has it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    Path("counter.ilk").write_text(SPEC)
    module = f"candidates_{tmp_path.name.replace('-', '_')}"
    Path(f"{module}.py").write_text(CANDIDATES)
    return module


def written(text, name):
    Path(f"{name}.py").write_text(textwrap.dedent(text))
    return name


@pytest.fixture
def interlock(capsys):
    """Runs the command; its exit code, what it wrote, and its complaints."""
    from interlock_cli.main import main

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_a_class_with_the_right_methods_needs_nothing_else(interlock, here):
    code, out, err = interlock("conform", "counter.ilk", f"{here}:Counter")
    assert (code, err) == (0, "")
    assert "conforms (exhausted: " in out
    assert "judged on every step: no_leak, linearizable\n" in out
    assert "not judged: small (total not observed)" in out
    assert "  steps: 2 of 2\n" in out


def test_a_lost_update_shows_in_what_is_read(interlock, here):
    code, out, _ = interlock("conform", "counter.ilk", f"{here}:Unlocked", "-w", "add(1); read() | add(2); read()")
    assert code == 1
    assert "breaks linearizable: there is no order of these calls in which counter has them" in out
    assert "|-read() = " in out
    command = out[out.index("interlock replay '") :].splitlines()[0].split("'")[1]
    code, again, _ = interlock("replay", command)
    assert code == 1
    assert "breaks linearizable" in again


def test_with_an_abstraction_each_step_must_be_one_of_the_specification(interlock, here):
    code, out, _ = interlock("conform", "counter.ilk", f"{here}:Shown")
    assert code == 0
    assert "judged on every step: small, refinement.counter, no_leak, linearizable" in out
    code, out, _ = interlock("conform", "counter.ilk", f"{here}:ShownUnlocked", "-w", "add(1) | add(2)")
    assert code == 1, out
    code, out, _ = interlock("conform", "counter.ilk", f"{here}:Twice", "-w", "add(3)")
    assert code == 0, "a step of add(1) three times over is what the specification can do"


def test_what_it_says_at_rest_is_judged(interlock, here):
    code, out, _ = interlock("conform", "counter.ilk", f"{here}:Rests", "-w", "add(1)")
    assert code == 1
    assert "breaks at_rest: it is never content" in out


def test_a_module_may_name_its_binding(interlock, here):
    name = written(BINDING, f"tally_{here}")
    code, out, err = interlock("conform", "counter.ilk", f"{name}:Tally")
    assert (code, err) == (0, "")
    assert "judged on every step: small, refinement.counter" in out
    code, out, _ = interlock("conform", "counter.ilk", f"{name}:Tally", "-w", "read()")
    assert code == 1
    assert "undecided, `read()` is not add(n)" in out


def test_a_binding_may_be_given(interlock, here):
    name = written(BINDING.replace("BINDING = TallyBinding", ""), f"given_{here}")
    code, out, _ = interlock(
        "conform", "counter.ilk", f"{name}:Tally", "--binding", f"{name}:TallyBinding", "-w", "add(1) | add(1)"
    )
    assert code == 0, out
    code, out, _ = interlock("conform", "counter.ilk", f"{name}:Tally", "-w", "add(1)")
    assert "calls no method of" in out


def test_the_same_binding_replays(interlock, here):
    text = BINDING.replace("BINDING = TallyBinding", "").replace("self.cell.load() + 1", "self.cell.load() + 9")
    name = written(text, f"replayed_{here}")
    binding = ("--binding", f"{name}:TallyBinding")
    code, out, _ = interlock("conform", "counter.ilk", f"{name}:Tally", *binding, "-w", "add(1)")
    assert code == 1
    assert "breaks abstraction" in out or "breaks refinement.counter" in out
    assert f"' --binding {name}:TallyBinding" in out
    command = out[out.index("interlock replay '") :].splitlines()[0].split("'")[1]
    assert interlock("replay", command, *binding)[0] == 1


def test_json_has_the_same(interlock, here):
    code, out, _ = interlock("conform", "counter.ilk", f"{here}:Shown", "--format", "json")
    document = json.loads(out)
    assert (code, document["ok"]) == (0, True)
    (candidate,) = document["candidates"]
    assert candidate["runs"][0]["judged"] == ["small", "refinement.counter", "no_leak", "linearizable"]
    assert candidate["coverage"]["steps"]["missed"] == []


def test_refines_another_or_nothing(interlock, here):
    abstract = SPEC.replace("module counter", "module above").replace("await total + n <= 8; ", "await false; ")
    Path("above.ilk").write_text(abstract)
    text = CANDIDATES + '\nREFINES = "above.ilk"\n'
    code, out, _ = interlock("conform", "counter.ilk", f"{written(text, f'above_{here}')}:Shown")
    assert code == 1
    assert "breaks refinement.above: no step of above leads to total = " in out
    name = written(CANDIDATES + "\nREFINES = None\n", f"none_{here}")
    code, out, _ = interlock("conform", "counter.ilk", f"{name}:Shown")
    assert code == 0
    assert "judged on every step: small, no_leak, linearizable" in out


@pytest.mark.parametrize(
    ("text", "reference", "says"),
    [
        ("BINDING = 3\nclass C: pass", "C", "`BINDING` in `{}` is 3, which makes no binding"),
        ("BINDING = 'nowhere:B'\nclass C: pass", "C", "`nowhere` cannot be imported"),
        ("BINDING = dict\nclass C: pass", "C", "the binding cannot be made: TypeError"),
        ("BINDING = lambda name, made: 7\nclass C: pass", "C", "what it makes has no `name`"),
        ("WORKLOADS = 3\nclass C: pass", "C", "`WORKLOADS` in `{}` is 3"),
        ("REFINES = 3\nclass C: pass", "C", "`REFINES` in `{}` is 3"),
        ("class C: pass", "D", "has no class `D`"),
    ],
)
def test_a_module_that_says_nonsense(interlock, here, text, reference, says):
    name = written(text, f"nonsense_{here}_{abs(hash(text))}")
    code, out, err = interlock("conform", "counter.ilk", f"{name}:{reference}", "-w", "add(1)")
    assert (code, out) == (2, "")
    assert "error[E0941]" in err
    assert says.format(name) in err


def test_without_workloads_nothing_is_run(interlock, here):
    name = written("class C:\n    def __init__(self, runtime): pass\n    def add(self, n): pass", f"idle_{here}")
    code, out, err = interlock("conform", "counter.ilk", f"{name}:C")
    assert (code, out) == (2, "")
    assert "there are no workloads" in err
    assert "WORKLOADS in the candidate's module" in err


def test_a_specification_with_errors_is_told_once(interlock, here):
    Path("counter.ilk").write_text("module counter\nvar x: Nowhere = 0\n")
    code, out, err = interlock("conform", "counter.ilk", f"{here}:Counter")
    assert (code, out) == (2, "")
    assert err.count("error[") == 1


def test_a_class_whose_symbols_are_no_table(interlock, here):
    name = written(CANDIDATES + "\nclass Odd(Counter):\n    def symbols(self): return 3\n", f"odd_{here}")
    code, out, _ = interlock("conform", "counter.ilk", f"{name}:Odd")
    assert code == 1
    assert "`symbols` of" in out
    assert "which is no table of functions" in out


def test_the_queue_that_comes_with_interlock(interlock):
    spec = ROOT / "spec/queues/fifo.ilk"
    assert interlock("conform", spec, "queues.two_lock:Queue")[0] == 0
    code, out, _ = interlock("conform", spec, "queues.broken.exchanged_tail:Queue")
    assert code == 1
    assert "breaks linearizable" in out


def test_elements_by_the_million_are_refused_before_anything_is_made(interlock, here):
    Path("lists.ilk").write_text("module lists\nsort Item\nvar on(x: Item): Bool = false\naction add(x: Item) {}\n")
    code, out, _ = interlock("conform", "lists.ilk", f"{here}:Counter", "-w", "add(999999999)")
    assert code == 1
    assert "undecided, it names 1000000000 elements of Item; there are up to 256" in out


def test_no_line_of_a_story_ends_in_blanks(interlock, here):
    code, out, _ = interlock("conform", "counter.ilk", f"{here}:Unlocked", "-w", "add(1); read() | add(2); read()")
    assert code == 1
    assert [line for line in out.splitlines() if line != line.rstrip()] == []
    _, out, _ = interlock("conform", "counter.ilk", f"{here}:Unlocked", "-w", "nonsense(1)")
    assert out == (
        "nonsense(1)\ncounter: undecided, `nonsense(1)` calls no method of counter: it has add, read\n".replace(
            "counter", here
        )
    )


def test_a_call_that_is_no_action_is_told_and_not_passed_over(interlock, here):
    text = """
    class Tally:
        def __init__(self, runtime):
            self.total = runtime.memory("tally").cell("total", 0)
        def ad(self, n):
            self.total.store(n)
        def read(self):
            return self.total.load()
    """
    name = written(text, f"{here}_mistyped")
    code, out, _ = interlock("conform", "counter.ilk", f"{name}:Tally", "-w", "ad(1); read() | ad(2); read()")
    assert code == 0
    assert "judged on every step: no_leak\n" in out
    assert "not judged: linearizable (counter has no action for ad)\n" in out


@pytest.mark.parametrize("body", ["def read(self):\n    yield 1", "async def read(self):\n    return 1"])
def test_a_method_of_which_nothing_runs_is_not_called(interlock, here, body):
    name = written("class Late:\n  def __init__(self, runtime): ...\n" + textwrap.indent(body, "  "), f"{here}_late")
    code, out, _ = interlock("conform", "counter.ilk", f"{name}:Late", "-w", "read()")
    assert code == 1
    assert "undecided, `read()` makes a generator or a coroutine, of which nothing runs: write a plain method" in out


def test_what_a_candidate_prints_is_not_in_the_report(interlock, here):
    text = f"""
    print("imported")
    from {here} import Counter
    class Chatty(Counter):
        def read(self):
            print("read")
            return super().read()
    """
    name = written(text, f"{here}_chatty")
    code, out, err = interlock("conform", "counter.ilk", f"{name}:Chatty", "-w", "read()", "--format", "json")
    assert (code, json.loads(out)["ok"]) == (0, True)
    assert set(err.splitlines()) == {"imported", "read"}
    code, out, err = interlock("replay", f"counter.ilk {name}:Chatty read() @ 0*2", "--format", "json")
    assert (code, json.loads(out)["ok"], set(err.splitlines())) == (0, True, {"read"})
    code, out, err = interlock("mutate", "counter.ilk", f"{name}:Chatty", "-w", "read()", "--format", "json")
    assert json.loads(out)["mutants"]
    assert "read" in err.splitlines()


LOG = """
module log
sort Rec
var written(x: Rec): Bool = false
var holes: Bool = false
action append(x: Rec) { written(x) := true }
invariant whole: not holes
"""

GROUP_COMMIT = """
class Log:
    def __init__(self, runtime):
        self.lock = runtime.mutex("lock")
        memory = runtime.memory("log")
        self.tail = memory.cell("tail", 0)
        self.end = memory.cell("end", 0)
        self.slots = memory.cells("slots", 4, None)

    def append(self, record):
        at = self.tail.load()
        while self.tail.cmpxchg(at, at + 1) != at:
            at = self.tail.load()
        self.slots[at] = record
        with self.lock:
            if self.end.load() <= at:
                self.end.store(self.tail.load())

    def symbols(self):
        return {"holes": lambda: any(self.slots.peek(at) is None for at in range(self.end.peek()))}
"""


@pytest.mark.parametrize("strategy", ["reduced", "bounded"])
def test_a_value_that_comes_from_two_objects_is_judged_in_each_order_of_their_steps(interlock, here, strategy):
    """To write a slot changes nothing that is observed if the end is not behind it yet; the end's step asks for it."""
    Path("log.ilk").write_text(LOG)
    name = written(GROUP_COMMIT, f"{here}_log")
    arguments = ("conform", "log.ilk", f"{name}:Log", "-w", "append(0) | append(1)")
    code, out, _ = interlock(*arguments, "--strategy", strategy)
    assert code == 1
    assert "breaks whole: holes holds" in out
