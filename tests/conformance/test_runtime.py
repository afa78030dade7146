"""The primitives: what each promises, and what each reports."""

import gc

import pytest
from tests.conformance.small import Box, end_of, harness, some_end

from interlock_conformance.scheduling.machine import Aborted, Breach, Finished, OutOfSteps, default_choice
from interlock_conformance.scheduling.tasks import Greenlets
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.replay import exactly


def test_a_mutex_admits_one_thread():
    def build(rt):
        lock, word = rt.mutex("lock"), rt.memory("m").cell("word", 0)
        inside = []

        def body():
            with lock:
                inside.append(1)
                assert len(inside) == 1
                word.store(word.load() + 1)
                inside.pop()

        return [body, body]

    assert some_end(build) is None


def test_without_it_two_are_inside():
    def build(rt):
        word = rt.memory("m").cell("word", 0)
        inside = []

        def body():
            inside.append(1)
            assert len(inside) == 1
            word.store(1)
            inside.pop()

        return [body, body]

    assert some_end(build).property == "raised"


def test_two_locks_in_opposite_order_deadlock():
    def build(rt):
        a, b = rt.mutex("a"), rt.mutex("b")

        def one():
            with a, b:
                pass

        def two():
            with b, a:
                pass

        return [one, two]

    end = some_end(build)
    assert end.property == "deadlock"
    assert "t0 waits in `lock b`" in end.message
    assert "t1 waits in `lock a`" in end.message


def test_readers_share_a_lock_that_a_writer_has_alone():
    def build(rt):
        lock, word = rt.rwsem("lock"), rt.memory("m").cell("word", 0)
        inside, most = [], []

        def holds(how):
            with how():
                inside.append(how.__name__)
                most.append(tuple(inside))
                word.load()
                assert "write" not in inside or len(inside) == 1
                inside.pop()

        build.most = most
        return [lambda: holds(lock.read), lambda: holds(lock.read), lambda: holds(lock.write)]

    together = set()

    def run(choose, **more):
        execution = harness(build)(choose, **more)
        together.update(build.most)
        return execution

    assert Exhaustive(None).explore(run).failing is None
    assert {("read",), ("read", "read"), ("write",)} == together


def test_a_compare_and_exchange_has_one_winner():
    def build(rt):
        slot, won = rt.memory("m").cell("slot", None), []
        marks = [object(), object()]

        def body(mark):
            found = slot.cmpxchg(None, mark)
            if found is None:
                won.append(mark)
            assert len(won) == 1
            assert slot.load() is won[0]

        return [lambda mark=mark: body(mark) for mark in marks]

    assert some_end(build) is None


def test_readers_of_a_sleepable_domain_may_sleep_and_are_waited_for():
    def build(rt):
        srcu, boxes, lock = rt.srcu("srcu"), rt.heap("boxes", Box), rt.mutex("lock")
        root = rt.memory("root").cell("box", boxes.alloc(1))

        def reader():
            with srcu.read():
                box = srcu.dereference(root)
                with lock:
                    box.word.load()

        def writer():
            old = root.load()
            srcu.assign(root, boxes.alloc(2))
            srcu.synchronize()
            boxes.free(old)

        return [reader, writer]

    assert some_end(build) is None


def test_taking_a_lock_twice_is_reported_and_does_not_hang():
    def build(rt):
        lock = rt.mutex("lock")

        def body():
            with lock, lock:
                pass

        return [body]

    assert end_of(build).property == "lock.no_relock"


def test_a_grace_period_waits_for_the_readers_that_were_inside():
    def build(rt):
        rcu, boxes = rt.rcu("rcu"), rt.heap("boxes", Box)
        root = rt.memory("root").cell("box", boxes.alloc(1))

        def reader():
            with rcu.read():
                rcu.dereference(root).word.load()

        def writer():
            old = root.load()
            rcu.assign(root, boxes.alloc(2))
            rcu.synchronize()
            boxes.free(old)

        return [reader, writer]

    assert some_end(build) is None


def test_without_a_grace_period_a_reader_uses_freed_memory():
    def build(rt):
        rcu, boxes = rt.rcu("rcu"), rt.heap("boxes", Box)
        root = rt.memory("root").cell("box", boxes.alloc(1))

        def reader():
            with rcu.read():
                rcu.dereference(root).word.load()

        def writer():
            old = root.load()
            rcu.assign(root, boxes.alloc(2))
            boxes.free(old)

        return [reader, writer]

    assert some_end(build).property == "boxes.no_use_after_free"


def test_a_grace_period_does_not_wait_for_a_reader_that_came_later():
    def build(rt):
        rcu, gate = rt.rcu("rcu"), rt.memory("m").cell("gate", value=False)
        steps = []

        def writer():
            rcu.synchronize()
            steps.append("over")

        def late():
            with rcu.read():
                gate.load()
                assert steps == ["over"]

        return [writer, late]

    run = harness(build)
    execution = run(exactly([0, 1, 0, 1, 1]), record=True)
    assert isinstance(execution.end, Finished), execution


def twice(act, thing):
    act(thing)
    act(thing)


def look_up(rt, publish):
    root, rcu = rt.memory("root").cell("box", None), rt.rcu("rcu")
    publish(root)
    with rcu.read():
        rcu.dereference(root)


def nested(lock, outer, inner):
    with getattr(lock, outer)(), getattr(lock, inner)():
        pass


@pytest.mark.parametrize(
    ("misdeed", "property_"),
    [
        (lambda rt, box, boxes: (boxes.free(box), boxes.free(box)), "boxes.no_double_free"),
        (lambda rt, box, boxes: (boxes.free(box), box.word.store(1)), "boxes.no_use_after_free"),
        (lambda rt, box, boxes: boxes.free(object()), "boxes.free"),
        (lambda rt, box, boxes: box.row[2], "boxes.in_bounds"),
        (lambda rt, box, boxes: box.row[-1], "boxes.in_bounds"),
        (lambda rt, box, boxes: rt.ids("ids").give(0), "ids.taken"),
        (lambda rt, box, boxes: rt.registry("reg", Box).remove(box), "reg.member"),
        (lambda rt, box, boxes: twice(rt.registry("reg", Box).add, box), "reg.no_double_add"),
        (lambda rt, box, boxes: rt.registry("reg", Box, rt.spinlock("lock")).add(box), "reg.locked"),
        (lambda rt, box, boxes: rt.rcu("rcu").dereference(box.word), "rcu.inside"),
        (lambda rt, box, boxes: look_up(rt, lambda root: root.store(boxes.alloc())), "rcu.published"),
        (lambda rt, box, boxes: rt.mutex("lock").__exit__(), "lock.holder"),
        (lambda rt, box, boxes: box.row.cmpxchg(2, None, box), "boxes.in_bounds"),
        (lambda rt, box, boxes: (boxes.free(box), box.word.xchg(1)), "boxes.no_use_after_free"),
        (lambda rt, box, boxes: rt.refcount("refs", 0).get(), "refs.no_resurrection"),
        (lambda rt, box, boxes: rt.refcount("refs", 0).put(), "refs.no_underflow"),
        (lambda rt, box, boxes: nested(rt.rwsem("sem"), "read", "read"), "sem.no_relock"),
        (lambda rt, box, boxes: nested(rt.rwsem("sem"), "write", "read"), "sem.no_relock"),
        (lambda rt, box, boxes: rt.completion("never").wait(), "deadlock"),
        (lambda rt, box, boxes: None.word, "raised"),
    ],
)
def test_misdeeds_end_the_execution_with_a_name(misdeed, property_):
    def build(rt):
        boxes = rt.heap("boxes", Box)
        box = boxes.alloc()
        return [lambda: misdeed(rt, box, boxes)]

    end = end_of(build)
    assert isinstance(end, Breach)
    assert end.property == property_
    assert "t0" in end.message


@pytest.mark.parametrize(
    "publish",
    [
        lambda rt, root, box: rt.rcu("rcu").assign(root, box),
        lambda rt, root, box: root.cmpxchg(None, box),
        lambda rt, root, box: root.xchg(box),
        lambda rt, root, box: (root.store(box), rt.rcu("rcu").assign(root, box)),
        lambda rt, root, box: root.store(None),
    ],
)
def test_what_publishes_a_pointer(publish):
    def build(rt):
        boxes = rt.heap("boxes", Box)
        box = boxes.alloc()
        return [lambda: look_up(rt, lambda root: publish(rt, root, box))]

    assert isinstance(end_of(build), Finished)


def test_a_registry_is_changed_under_its_lock():
    def build(rt):
        lock, box = rt.spinlock("lock"), rt.heap("boxes", Box).alloc()
        registry = rt.registry("reg", Box, lock)

        def change():
            with lock:
                registry.add(box)
            with lock:
                registry.remove(box)

        return [change]

    assert some_end(build) is None


@pytest.mark.parametrize("sleeper", ["alloc", "mutex", "synchronize"])
def test_sleeping_inside_a_section_is_reported(sleeper):
    def build(rt):
        boxes, lock, spin, rcu = rt.heap("boxes", Box), rt.mutex("lock"), rt.spinlock("spin"), rt.rcu("rcu")

        def body():
            with spin:
                match sleeper:
                    case "alloc":
                        boxes.alloc()
                    case "mutex":
                        lock.__enter__()
                    case _:
                        rcu.synchronize()

        return [body]

    end = end_of(build)
    assert end.property == "no_sleep_in_atomic"
    assert "inside spin" in end.message


def test_the_lowest_id_is_used_again():
    def build(rt):
        ids = rt.ids("ids")

        def body():
            assert [ids.take(), ids.take(), ids.take()] == [0, 1, 2]
            ids.give(1)
            ids.give(0)
            assert [ids.take(), ids.take(), ids.take()] == [0, 1, 3]

        return [body]

    assert end_of(build) == Finished()


def test_a_walk_meets_what_is_added_and_misses_what_is_removed():
    def build(rt):
        a, b, c, d = items = [object() for _ in range(4)]
        registry = rt.registry("registry", object)
        for item in items[:3]:
            registry.add(item)

        def body():
            seen = []
            for item in registry:
                seen.append(item)
                if item is a:
                    registry.remove(a)
                    registry.remove(b)
                    registry.add(d)
            assert seen == [a, c, d]

        return [body]

    assert end_of(build) == Finished()


def test_a_loop_that_waits_for_nobody_runs_out_of_steps():
    def build(rt):
        flag = rt.memory("m").cell("flag", value=False)

        def spin():
            while not flag.load():
                pass

        return [spin]

    end = end_of(build, budget=50)
    assert isinstance(end, OutOfSteps)
    assert end.round.startswith("t0 goes round at test_runtime.py:")


def test_a_candidate_cannot_swallow_the_end_of_its_execution():
    def build(rt):
        lock, word = rt.mutex("lock"), rt.memory("m").cell("word", 0)

        def body():
            try:
                with lock, lock:
                    pass
            except Exception:  # noqa: BLE001
                word.store(1)

        return [body, body]

    assert end_of(build).property == "lock.no_relock"


def test_every_step_names_its_place_in_the_candidate():
    def build(rt):
        word = rt.memory("m").cell("word", 0)
        return [lambda: word.store(1)]

    (event,) = harness(build)(default_choice, record=True).events
    assert event.line.startswith("test_runtime.py:")
    assert (event.kind, event.object, event.detail) == ("store", "m.word", ":= 1")


# -- what an execution leaves behind


def ends_in_many_ways(rt):
    """One thread finishes, one waits for ever, one is inside things when it is told to end."""
    boxes, lock, rcu, never = rt.heap("boxes", Box), rt.mutex("lock"), rt.rcu("rcu"), rt.completion("never")
    root = rt.memory("m").cell("root", None)

    def finishes():
        root.store(boxes.alloc())

    def inside():
        with rcu.read():
            root.load()
            while True:
                root.load()

    def waits():
        with lock:
            never.wait()

    return [finishes, waits, inside]


def test_an_execution_leaves_no_cycles_to_be_collected():
    run = harness(ends_in_many_ways, budget=20)
    run(default_choice)
    gc.collect()
    gc.disable()
    try:
        run(exactly([2, 2, 2]))
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_greenlets_are_used_again_once_they_are_done_and_end_with_their_block():
    done = []

    def body(name):
        try:
            home.switch()
            done.append(name)
        except Aborted:
            done.append(f"{name} was told to end")

    with Greenlets() as greenlets:
        home = greenlets.home()
        first, second = home.task(lambda: body("first")), home.task(lambda: body("second"))
        for task in (first, second, first):
            task.switch()
        third = home.task(lambda: body("third"))
        assert third is first
        assert home.task(lambda: body("fourth")) not in (first, second)
        third.switch()
        second.throw(Aborted())
        third.throw(Aborted())
        third.throw(Aborted())
        assert home.task(lambda: body("fifth")) in (first, second)
    assert done == ["first", "second was told to end", "third was told to end"]
    assert second._green.dead
