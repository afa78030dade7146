"""Candidates for the per-memcg list_lru, bound to `spec/list_lru/base.ilk`.

Operations of a workload, with the numbers of an lru `l` and a cgroup `m`:

    init(l)  destroy(l)  activate(m)      as the candidate has them; `init` and `activate` may fail and be tried again
    use(l, m)                             charge an item to m, add it, find it by walk and count, delete it
    add(l, m)                             charge an item to m and leave it on the list
    look(l, m)                            walk and count m's list: they agree, and nothing is on it but what was added;
                                          what was never added cannot be deleted

A candidate's steps are finer than the specification's.  So a block that only its allocator can reach counts as UNUSED
until it is published: what is done to it before is part of the step that publishes it.  A reader is its thread.

It refines `abstract.ilk`, too.  There an lru or a cgroup that is given back, after a failure or at its end, is so for
ever: one that is mounted or activated again is another.  So each try is an element of its own.  Who works on a list is
not seen: that its list is not freed is what the heap watches over.

Readers come late: `use` and `add` do nothing while the lru is not mounted, and charge to the root while m is not
active, as a kernel does.  Each lru is mounted and unmounted by one thread, and if it is
unmounted no other thread uses it.  One that is looked at is used by that thread alone.

An activation may fail where a candidate has a bound, `capacity`, and as many cgroups have an id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Generic, Protocol, TypeVar, runtime_checkable

from interlock.core.term import Value
from interlock_conformance.binding import Abstraction, Symbols
from interlock_conformance.primitives.deterministic import DeterministicRuntime, EpochRcu
from interlock_conformance.runtime import Cell, Runtime
from interlock_conformance.schedule import Operation, Workload
from interlock_conformance.scheduling.machine import Aborted, Breach
from interlock_conformance.scheduling.observation import Watched
from list_lru.bindings.abstract import History, abstraction

T_co = TypeVar("T_co", covariant=True)


class Peek(Protocol[T_co]):
    """A cell, as an observer sees it."""

    def peek(self) -> T_co:
        """The value, without a step."""
        ...


class PeekAt(Protocol[T_co]):
    """Cells in a row, as an observer sees them."""

    def __len__(self) -> int: ...

    def peek(self, index: int) -> T_co:
        """The value at `index`, without a step."""
        ...


class PeekIn(Protocol[T_co]):
    """A registry, as an observer sees it."""

    def __contains__(self, item: object) -> bool: ...

    def peek(self) -> tuple[T_co, ...]:
        """The elements, without a step."""
        ...


class ListView(Protocol):
    """What a list must show."""

    @property
    def items(self) -> Peek[tuple[object, ...]]: ...  # noqa: D102
    @property
    def count(self) -> Peek[int]: ...  # noqa: D102


class ArrayView(Protocol):
    """What an array of lists must show."""

    @property
    def slot(self) -> PeekAt[ListView | None]: ...  # noqa: D102


class LruView(Protocol):
    """What an lru must show."""

    @property
    def memcg(self) -> Peek[ArrayView | None]: ...  # noqa: D102
    @property
    def memcg_old(self) -> Peek[ArrayView | None]: ...  # noqa: D102
    @property
    def root(self) -> ListView: ...  # noqa: D102


class MemcgView(Protocol):
    """What a cgroup must show; its id is loaded by those who charge to it."""

    @property
    def index(self) -> Cell[int | None]: ...  # noqa: D102


DONE, NOTHING = "done", "nothing to do"

_OF_MEMCGS = ("activate", "use", "add", "look")
"""The operations whose last argument is a cgroup."""


def _outcome(error: object | None) -> str:
    """What has come of an operation, by the name of its error."""
    return DONE if error is None else str(getattr(error, "name", error))


L = TypeVar("L", bound=LruView)
M = TypeVar("M", bound=MemcgView)


class PeekAll(Protocol[T_co]):
    """A heap, as an observer sees it."""

    def peek(self) -> Sequence[T_co]:
        """Every block handed out so far, oldest first."""
        ...

    def at(self, number: int) -> T_co | None:
        """The block of that number, None before it is handed out."""
        ...


class Candidate(Protocol[L, M]):
    """A list_lru implementation.  `init` and `activate` return None, or an error that says why not."""

    @property
    def size(self) -> Peek[int]: ...  # noqa: D102
    @property
    def arrays(self) -> PeekAll[ArrayView]: ...  # noqa: D102
    @property
    def lists(self) -> PeekAll[ListView]: ...  # noqa: D102
    @property
    def registered(self) -> PeekIn[L]: ...  # noqa: D102
    @property
    def active(self) -> PeekIn[M]: ...  # noqa: D102
    def lru(self, name: str) -> L: ...  # noqa: D102
    def memcg(self, name: str) -> M: ...  # noqa: D102
    def init(self, lru: L) -> object | None: ...  # noqa: D102
    def destroy(self, lru: L) -> None: ...  # noqa: D102
    def activate(self, memcg: M) -> object | None: ...  # noqa: D102
    def add(self, lru: L, item: object, index: int | None) -> None: ...  # noqa: D102
    def delete(self, lru: L, item: object, index: int | None) -> bool: ...  # noqa: D102
    def walk(self, lru: L, index: int | None) -> tuple[object, ...]: ...  # noqa: D102
    def count(self, lru: L, index: int | None) -> int: ...  # noqa: D102


@runtime_checkable
class Segmented(Protocol):
    """A candidate whose arrays are made of further blocks, which may be lost as well."""

    @property
    def segments(self) -> PeekAll[object]: ...  # noqa: D102
    def segments_of(self, arrays: Sequence[object]) -> Sequence[object]: ...  # noqa: D102


class ListLruBinding(Generic[L, M]):
    """Binds one implementation; see the module."""

    def __init__(self, name: str, make: Callable[[Runtime], Candidate[L, M]]) -> None:
        self.name = name
        self._make = make

    def misuse(self, workload: Workload) -> str | None:
        """Why the workload breaks the contract, if it does."""
        owners: dict[tuple[str, int], int] = {}
        users: dict[int, set[int]] = {}
        unmounted: set[int] = set()
        looked: set[int] = set()
        for thread, operations in enumerate(workload.threads):
            for operation in operations:
                match operation:
                    case Operation("init" | "destroy" | "activate" as verb, (number,)):
                        thing = "memcg" if verb == "activate" else "lru"
                        if owners.setdefault((thing, number), thread) != thread:
                            return f"{thing}{number} is set up by more than one thread"
                        if verb == "destroy":
                            unmounted.add(number)
                    case Operation("use" | "add" | "look" as verb, (lru, _)):
                        users.setdefault(lru, set()).add(thread)
                        looked.update({lru} if verb == "look" else ())
                    case _:
                        known = "init(l), destroy(l), activate(m), use(l, m), add(l, m), look(l, m)"
                        return f"`{operation}` is none of {known}"
        for lru in sorted(unmounted):
            if users.get(lru, set[int]()) - {owners["lru", lru]}:
                return f"lru{lru} is used by one thread while another may destroy it"
        for lru in sorted(looked):
            if len(users[lru]) > 1:
                return f"lru{lru} is looked at by one thread while another may use it"
        return None

    def sizes(self, workload: Workload) -> Mapping[str, int]:
        """Elements of each sort, at least one: all that the workload could allocate.

        A scan may take a list for each that it serves and a spare one.  A candidate that allocates more is beyond what
        can be told in these terms, which breaks `abstraction`.
        """
        lrus = 1 + max((o.args[0] for o in workload.operations if o.name != "activate"), default=0)
        memcgs = 1 + max((o.args[-1] for o in workload.operations if o.name in _OF_MEMCGS), default=0)
        inits = sum(o.name == "init" for o in workload.operations)
        activations = sum(o.name == "activate" for o in workload.operations)
        return {
            "Lru": lrus,
            "Memcg": memcgs,
            "Id": 1 << (memcgs - 1).bit_length(),  # arrays that double have a slot for each
            "Reader": len(workload.threads),
            "Array": max(1, inits + activations * lrus),
            "List": max(1, inits * (memcgs + 1) + activations * (lrus + 1)),
        }

    def outcomes(self, workload: Workload) -> tuple[tuple[str, str], ...]:
        """What may come of the operations; mounting and activating may fail for want of memory."""
        verbs = dict.fromkeys(o.name for o in workload.operations)
        may_fail = [(verb, "ENOMEM") for verb in verbs if verb in ("init", "activate")]
        return (*((verb, DONE) for verb in verbs), *may_fail)

    def abstraction(self, workload: Workload) -> Abstraction:
        """How `list_lru.abstract` sees the candidate."""
        return abstraction(workload, self.sizes(workload))

    def start(self, runtime: DeterministicRuntime, workload: Workload) -> ListLruSubject[L, M]:
        """Set a candidate up with all the lrus and cgroups that the workload names."""
        sizes = self.sizes(workload)
        return ListLruSubject(runtime, self._make(runtime), sizes["Lru"], sizes["Memcg"])


class ListLruSubject(Generic[L, M]):
    """One candidate in one execution."""

    def __init__(self, runtime: DeterministicRuntime, candidate: Candidate[L, M], lrus: int, memcgs: int) -> None:
        self._runtime, self._candidate = runtime, candidate
        self._lrus: Sequence[L] = [candidate.lru(f"lru{number}") for number in range(lrus)]
        self._memcgs: Sequence[M] = [candidate.memcg(f"memcg{number}") for number in range(memcgs)]
        self._mounted = [runtime.memory(f"lru{number}").cell("mounted", value=False) for number in range(lrus)]
        self._kept: list[tuple[L, object]] = []
        self._mounts, self._activations = [0] * lrus, [0] * memcgs
        self._history = History((0,) * lrus, (0,) * memcgs)
        self._given_back = Watched(runtime.machine, "what has been given back")

    def call(self, operation: Operation) -> str:
        """Do one operation; `done`, the name of the error, or `nothing to do`."""
        match operation:
            case Operation("init", (lru,)) if not self._mounted[lru].peek():
                return self._init(lru)
            case Operation("destroy", (lru,)) if self._mounted[lru].peek():
                return self._destroy(lru)
            case Operation("activate", (memcg,)) if self._memcgs[memcg] not in self._candidate.active.peek():
                return self._activate(memcg)
            case Operation("use" | "add" as verb, (lru, memcg)):
                return self._use(self._lrus[lru], lru, memcg, keep=verb == "add")
            case Operation("look", (lru, memcg)):
                return self._look(self._lrus[lru], lru, memcg)
            case _:
                return NOTHING

    def _init(self, lru: int) -> str:
        failures = self._runtime.failures
        found = self._candidate.init(self._lrus[lru])
        there = self._lrus[lru] in self._candidate.registered.peek()
        self._check(found, "registered", there=there, may_fail=self._runtime.failures > failures)
        if found is None:
            self._mounted[lru].store(value=True)
        else:
            self._give_back(self._mounts, lru)
        return _outcome(found)

    def _destroy(self, lru: int) -> str:
        self._mounted[lru].store(value=False)
        self._candidate.destroy(self._lrus[lru])
        self._check(None, "gone", there=self._lrus[lru] not in self._candidate.registered.peek())
        self._kept = [(there, item) for there, item in self._kept if there is not self._lrus[lru]]
        self._give_back(self._mounts, lru)
        return DONE

    def _activate(self, memcg: int) -> str:
        failures = self._runtime.failures
        found = self._candidate.activate(self._memcgs[memcg])
        there = self._memcgs[memcg] in self._candidate.active.peek()
        self._check(found, "active", there=there, may_fail=self._runtime.failures > failures or self._out_of_ids())
        if found is not None:
            self._give_back(self._activations, memcg)
        return _outcome(found)

    def _give_back(self, tries: list[int], number: int) -> None:
        """What was set up is its owner's again; when it is set up the next time, it is another."""
        self._runtime.machine.settle()
        tries[number] += 1
        self._history = History(tuple(self._mounts), tuple(self._activations))
        self._given_back.changed()

    def history(self) -> History:
        """How often each lru and each cgroup has been given back."""
        self._given_back.seen()
        return self._history

    def _use(self, lru: L, number: int, memcg: int, *, keep: bool) -> str:
        if not self._mounted[number].load():
            return NOTHING
        candidate, index, item = self._candidate, self._index(memcg), object()
        candidate.add(lru, item, index)
        if keep:
            self._kept.append((lru, item))
            return DONE
        if item not in candidate.walk(lru, index):
            raise self._broken("items_kept", "a walk does not find an item that was just added")
        if candidate.count(lru, index) < 1:
            raise self._broken("counts", "the count of a list with an item on it is 0")
        if not candidate.delete(lru, item, index):
            raise self._broken("items_kept", "an item that was added is not there to be deleted")
        return DONE

    def _look(self, lru: L, number: int, memcg: int) -> str:
        if not self._mounted[number].load():
            return NOTHING
        candidate, index = self._candidate, self._index(memcg)
        if candidate.delete(lru, object(), index):
            raise self._broken("items_kept", "an item that was never added is deleted")
        items, count = candidate.walk(lru, index), candidate.count(lru, index)
        if count != len(items):
            raise self._broken("counts", f"the count of a list of {len(items)} is {count}")
        if not set(items) <= {item for there, item in self._kept if there is lru}:
            raise self._broken("items_kept", "a walk finds an item that was never added")
        return DONE

    def _index(self, memcg: int) -> int | None:
        """Under which id something is charged to a cgroup: to the root while it is not active."""
        return self._memcgs[memcg].index.load() if self._memcgs[memcg] in self._candidate.active else None

    def _out_of_ids(self) -> bool:
        """Whether as many cgroups have an id as the candidate has room for."""
        capacity: object = getattr(self._candidate, "capacity", None)
        return isinstance(capacity, int) and sum(m.index.peek() is not None for m in self._memcgs) >= capacity

    def _check(self, error: object | None, state: str, *, there: bool, may_fail: bool = False) -> None:
        """What an operation returns is true, and it fails only if an allocation of its own has, or for want of ids."""
        if error is None and not there:
            raise self._broken("result", f"it has returned without an error, but what it is about is not {state}")
        if error is not None and there:
            raise self._broken("result", f"it has failed, but what it is about is {state}")
        if error is not None and not may_fail:
            raise self._broken("fails_for_memory", "it fails, though none of its allocations has failed")

    def _broken(self, property_: str, message: str) -> Aborted:
        return self._runtime.machine.breach(property_, f"{self._runtime.machine.doing}: {message}")

    # -- the abstraction function

    @cached_property
    def _rcu(self) -> EpochRcu:
        return self._runtime.rcu_domain("rcu")

    def symbols(self) -> Symbols:
        """The symbols of `list_lru.base` and of the instances of std that the designs use."""
        return {
            "registered": self._registered,
            "active": self._active,
            "id": self._id,
            "limit": self._limit,
            "array": self._array_of,
            "fits": self._fits,
            "slot": self._slot,
            "arrays.life": self._array_life,
            "lists.life": self._list_life,
            "rcu.retired": self._retired,
            "rcu.reading_lookup": self._reading,
            "rcu.sees_lookup": self._still_seen,
        }

    def _registered(self, lru: int) -> Value:
        return self._lrus[lru] in self._candidate.registered.peek()

    def _active(self, memcg: int) -> Value:
        return self._memcgs[memcg] in self._candidate.active.peek()

    def _id(self, memcg: int) -> Value:
        return self._memcgs[memcg].index.peek()

    def _limit(self, index: int) -> Value:
        return index < self._candidate.size.peek()

    def _array_of(self, lru: int) -> Value:
        return self._runtime.number(self._lrus[lru].memcg.peek())

    def _fits(self, number: int, index: int) -> Value:
        array = self._array(number)
        return array is not None and index < len(array.slot)

    def _slot(self, number: int, index: int) -> Value:
        array = self._array(number)
        if array is None or index >= len(array.slot):
            return None
        return self._runtime.number(array.slot.peek(index))

    def _array_life(self, number: int) -> Value:
        return self._life(self._array(number))

    def _list_life(self, number: int) -> Value:
        return self._life(self._candidate.lists.at(number))

    def _retired(self, number: int) -> Value:
        return self._rcu.is_retired(self._array(number))

    def _reading(self, thread: int) -> Value:
        return thread in self._rcu.readers()

    def _still_seen(self, number: int, thread: int) -> Value:
        return thread in self._rcu.still_seen_by(self._array(number))

    def _array(self, number: int) -> ArrayView | None:
        return self._candidate.arrays.at(number)

    def _life(self, block: object | None) -> Value:
        if block is None:
            return "UNUSED"
        if not self._runtime.is_live(block):
            return "FREED"
        return "UNUSED" if self._runtime.space.is_private(block) else "LIVE"

    # -- at rest

    def at_rest(self) -> Breach | None:
        """No block is lost (P5a, P5b), counts are lengths (P8), items kept are found where they belong (P7)."""
        arrays = [array for lru in self._candidate.registered.peek() if (array := lru.memcg.peek()) is not None]
        lists = [there for array in arrays for i in range(len(array.slot)) if (there := array.slot.peek(i)) is not None]
        lost = self._runtime.leaks(self._candidate.arrays.peek(), arrays)
        lost += self._runtime.leaks(self._candidate.lists.peek(), lists)
        if isinstance(self._candidate, Segmented):
            lost += self._runtime.leaks(self._candidate.segments.peek(), self._candidate.segments_of(arrays))
        if lost:
            return Breach("no_leak", f"at rest nobody can reach {', '.join(lost)}, which is still allocated")
        idle = self._runtime.taken("ids") - {memcg.index.peek() for memcg in self._memcgs}
        if idle:
            return Breach("no_leak", f"at rest the ids {sorted(idle)} are taken, and no cgroup has them")
        roots = [lru.root for lru in self._lrus]
        for there in (*lists, *roots):
            if there.count.peek() != len(there.items.peek()):
                return Breach("counts", f"at rest a list of {len(there.items.peek())} has count {there.count.peek()}")
        found = [item for there in (*lists, *roots) for item in there.items.peek()]
        missing = sum(item not in found for _, item in self._kept)
        if missing:
            return Breach("items_kept", f"at rest {missing} items that were added are on no list that can be reached")
        return None
