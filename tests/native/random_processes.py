"""Random specifications of small processes: locals, shared variables, a mutex, waits that may never end.

They are drawn as text and go through the whole front, so that obligations, regions and walks are what lowering makes of
them.  A thread's steps are often its own affair, since that is what partial-order reduction looks for.
"""

from hypothesis import strategies as st

from interlock.pipeline import lower_file, read_bytes

NAME = "random.ilk"
SHARED = """\
var x: 0..1 = 0
var y: Bool = false
var z: Bool = false
var f(t: T): Bool = false
var g(t: T, u: T): Bool = false
"""


def lower_text(text):
    """The transition system of a specification in a string; what is wrong with it is an error."""
    system, diagnostics = lower_file(NAME, lambda path: text.encode() if path == NAME else read_bytes(path))
    assert system is not None, (diagnostics, text)
    return system


class Writer:
    """Draws one process, whose parameter is `me`."""

    def __init__(self, draw, name, others):
        self.draw = draw
        self.name = name
        self.others = others
        self.labels = []
        self.locked = False

    def pick(self, *options):
        return options[self.draw(st.integers(0, len(options) - 1))]

    def truth(self, variables):
        """A condition in the process."""
        var = self.pick(*variables)
        base = self.pick(
            "a", "a", "not a", "b = 1", "y", "not y", "z", "x = 1", f"f({var})", f"not f({var})", f"g(me, {var})",
            "exists o: T :: f(o)", "forall o: T :: g(o, me) or f(o)", "true", *self.others,
        )  # fmt: skip
        return f"({base}) and ({self.pick('a', 'z', 'f(me)')})" if self.pick(*range(6)) == 0 else base

    def statement(self, variables):
        var = self.pick(*variables)
        truth = self.truth(variables)
        return self.pick(
            f"a := {truth}", f"a := {truth}", "a := true", "b := 1", "b := x", f"f(me) := {truth}", "f(me) := true",
            f"f({var}) := true", f"y := {truth}", "z := true", "x := 1", "x := b", f"g(me, {var}) := {truth}",
            "g(me, o: T) := f(o)", "f(o: T) := f(o) and g(o, me)", f"assert claim{self.pick(0, 1)}: {truth}",
        )  # fmt: skip

    def step(self):
        label = f"s{len(self.labels)}"
        self.labels.append(label)
        variables, parts = ["me"], []
        if self.pick(*range(5)) == 0:
            variables.append("w")
            parts.append(f"pick w: T where {self.pick('true', 'f(w)', 'not f(w)')}")
        if self.pick(*range(4)) == 0:
            parts.append(f"await {self.truth(variables)}")
        parts += [self.statement(variables) for _ in range(self.pick(1, 1, 2))]
        targets = [part.split(" :=")[0].split("(")[0] for part in parts]
        if len(set(targets)) < len(targets):  # written twice
            parts = parts[:-1]
        return f"{'rest ' if self.pick(*range(6)) == 0 else ''}step {label}: {'; '.join(parts)}"

    def block(self, depth):
        lines = []
        for _ in range(self.pick(1, 2, 2, 3)):
            kind = self.pick("step", "step", "step", "if", "while", "loop", "lock") if depth else "step"
            if kind == "step":
                lines.append(self.step())
            elif kind == "if":
                lines.append(f"if {self.pick('a', 'b = 1')} {{ {self.block(depth - 1)} }} else {{ {self.block(0)} }}")
            elif kind == "while":
                lines.append(f"while {self.pick('a', 'not a')} {{ {self.step()}\n    {self.block(depth - 1)} }}")
            elif kind == "lock" and not self.locked:
                self.locked = True
                lines.append(f"with m {{ {self.block(depth - 1)} }}")
            elif kind == "lock":
                lines.append(self.step())
            else:
                lines.append(f"loop {{ {self.step()}\n    {self.block(depth - 1)} }}")
                break  # nothing behind it is reached
        return "\n    ".join(lines)


@st.composite
def specifications(draw):
    """The text of a random specification."""
    names = ["p", "q"][: draw(st.integers(1, 2))]
    bodies, labels = [], {}
    for name in names:
        writer = Writer(draw, name, [f"done({other}(me))" for other in names if other != name])
        bodies.append(f"process {name}(me: T) {{\n  local a: Bool\n  local b: 0..1\n    {writer.block(2)}\n}}")
        labels[name] = writer.labels
    pick = writer.pick

    def atom(var):
        name = pick(*names)
        return pick(
            "y", "z", "x = 1", f"f({var})", f"g({var}, {var})", f"done({name}({var}))", f"{name}({var}).a",
            f"at({name}({var}), {pick(*labels[name])})",
        )  # fmt: skip

    def formula(variables, prime=""):
        left, right = (f"({pick('', 'not ')}{atom(pick(*variables))}){pick('', prime)}" for _ in range(2))
        return f"{left} {pick('and', 'or', 'implies', 'implies')} {right}"

    return "\n".join((
        "module random", "sort T", "use std.mutex as m", SHARED, *bodies,
        f"invariant one: forall t: T :: {formula(['t'])}",
        f"invariant two: forall t, u: T :: {formula(['t', 'u'])}",
        f"step invariant kept: forall t: T :: {formula(['t'], chr(39))}",
        f"reachable some: exists t: T :: {formula(['t'])} and {formula(['t'])}",
        f"reachable both: exists t, u: T :: t != u and {formula(['t', 'u'])}",
        "deadlock free",
    ))  # fmt: skip
