"""Candidates whose lists come with the first object, bound to `spec/list_lru/at_allocation_base.ilk`.

Operations of a workload, with the numbers of an lru `l` and cgroups `m` and `p`, of which 0 is the root:

    init(l)  destroy(l)      mount and unmount an lru
    online(m, p)             cgroup m comes online as a child of p
    offline(m)               and goes offline, after its children
    add(l, m)                allocate an object for l, charged to m, and leave it on its list
    use(l, m)                the same, then find it by walk and count, delete it and free it
    look(l, m)               see that what is on no list is not found there

Objects are allocated only while the lru is mounted and once the cgroup is online; it may have gone offline since.  All
cgroups come and go in one thread, as under cgroup_mutex.  Each lru is mounted once, by one thread; if it is unmounted,
no other thread uses it, and the objects that are left are freed before.

It refines `abstract_at_allocation.ilk`, too, where lrus are never unmounted and objects never freed: what is gone stays
there as it was.  A list that has left its slot counts as freed there, though it still waits for a grace period.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Protocol, TypeVar

from interlock.core.term import Value
from interlock_conformance.binding import Abstraction, AbstractionError, Look, Symbols, Tables
from interlock_conformance.primitives.deterministic import DeterministicRuntime
from interlock_conformance.runtime import Cell, Runtime
from interlock_conformance.schedule import Operation, Workload
from interlock_conformance.scheduling.machine import Aborted, Breach
from interlock_conformance.scheduling.observation import Watched
from list_lru.bindings.base import DONE, NOTHING, ListView, PeekAll, PeekAt, PeekIn

ROOT = 0


class LruView(Protocol):
    """What an lru must show: its lists by id, and the root's."""

    @property
    def slot(self) -> PeekAt[ListView | None]: ...  # noqa: D102
    @property
    def root(self) -> ListView: ...  # noqa: D102


class MemcgView(Protocol):
    """What a cgroup must show: its id, -1 if it has none, and whether it goes or has gone offline."""

    @property
    def index(self) -> Cell[int]: ...  # noqa: D102
    @property
    def offline(self) -> Cell[bool]: ...  # noqa: D102


L = TypeVar("L", bound=LruView)
M = TypeVar("M", bound=MemcgView)


class ObjectView(Protocol):
    """What an object must show: what it was allocated for."""

    @property
    def lru(self) -> object: ...  # noqa: D102
    @property
    def memcg(self) -> object: ...  # noqa: D102


T = TypeVar("T", bound=ObjectView)


class Candidate(Protocol[L, M, T]):
    """An implementation.  `allocate` returns an object of the heap `objects`, or an error that says why not."""

    @property
    def lists(self) -> PeekAll[ListView]: ...  # noqa: D102
    @property
    def objects(self) -> PeekAll[T]: ...  # noqa: D102
    @property
    def registered(self) -> PeekIn[L]: ...  # noqa: D102
    @property
    def allocated(self) -> PeekIn[T]: ...  # noqa: D102
    def lru(self, name: str) -> L: ...  # noqa: D102
    def memcg(self, name: str, parent: M | None) -> M: ...  # noqa: D102
    def init(self, lru: L) -> None: ...  # noqa: D102
    def destroy(self, lru: L) -> None: ...  # noqa: D102
    def online(self, memcg: M) -> None: ...  # noqa: D102
    def offline(self, memcg: M) -> None: ...  # noqa: D102
    def allocate(self, lru: L, memcg: M) -> T | Enum: ...  # noqa: D102
    def free(self, thing: T) -> None: ...  # noqa: D102
    def add(self, thing: T) -> None: ...  # noqa: D102
    def delete(self, thing: T) -> bool: ...  # noqa: D102
    def walk(self, lru: L, memcg: M) -> tuple[object, ...]: ...  # noqa: D102
    def count(self, lru: L, memcg: M) -> int: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Tree:
    """The cgroups of a workload: the parent of each but the root, in the order in which they come online."""

    parents: Mapping[int, int]

    @staticmethod
    def of(workload: Workload) -> Tree:
        """The tree that the workload's `online` operations make."""
        return Tree({o.args[0]: o.args[1] for o in workload.operations if o.name == "online"})

    @property
    def size(self) -> int:
        """Number of cgroups, the root included."""
        return 1 + max(self.parents, default=ROOT)

    def path(self, memcg: int) -> tuple[int, ...]:
        """The cgroup and its ancestors, the root last."""
        path = [memcg]
        while (parent := self.parents.get(path[-1])) is not None:
            path.append(parent)
        return tuple(path)

    def younger(self, memcg: int) -> tuple[int, ...]:
        """The cgroups that come online after it, and may have its id after it."""
        order = tuple(self.parents)
        return order[order.index(memcg) + 1 :]


class AtAllocationBinding(Generic[L, M, T]):
    """Binds one implementation; see the module."""

    def __init__(self, name: str, make: Callable[[Runtime], Candidate[L, M, T]]) -> None:
        self.name = name
        self._make = make

    def misuse(self, workload: Workload) -> str | None:
        """Why the workload breaks the contract, if it does."""
        owners: dict[int, int] = {}
        users: dict[int, set[int]] = {}
        unmounted: set[int] = set()
        used: set[int] = set()
        for thread, operations in enumerate(workload.threads):
            for operation in operations:
                match operation:
                    case Operation("init", (number,)):
                        if owners.setdefault(number, thread) != thread or operations.count(operation) > 1:
                            return f"lru{number} is mounted more than once"
                    case Operation("destroy", (number,)):
                        if Operation("init", (number,)) not in operations[: operations.index(operation)]:
                            return f"lru{number} is unmounted by a thread that has not mounted it"
                        unmounted.add(number)
                    case Operation("use" | "add" | "look", (lru, memcg)):
                        users.setdefault(lru, set()).add(thread)
                        used.add(memcg)
                    case Operation("online", (_, _)) | Operation("offline", (_,)):
                        pass
                    case _:
                        known = "init(l), destroy(l), online(m, p), offline(m), add(l, m), use(l, m), look(l, m)"
                        return f"`{operation}` is none of {known}"
        for lru in sorted(unmounted):
            if users.get(lru, set[int]()) - {owners[lru]}:
                return f"lru{lru} is used by one thread while another may destroy it"
        return _misused_cgroups(workload, used)

    def sizes(self, workload: Workload) -> Mapping[str, int]:
        """Elements of each sort, at least one: all that the workload could allocate."""
        tree = Tree.of(workload)
        objects = [o.args[1] for o in workload.operations if o.name in _OF_OBJECTS]
        return {
            "Lru": 1 + max((o.args[0] for o in workload.operations if o.name in _OF_LRUS), default=0),
            "Memcg": tree.size,
            "Object": max(1, len(objects)),
            "List": max(1, sum(len(tree.path(memcg)) - 1 for memcg in objects)),
        }

    def outcomes(self, workload: Workload) -> tuple[tuple[str, str], ...]:
        """What may come of the operations; allocating may fail for want of memory."""
        verbs = dict.fromkeys(o.name for o in workload.operations)
        may_fail = [(verb, "ENOMEM") for verb in verbs if verb in _OF_OBJECTS]
        return (*((verb, DONE) for verb in verbs), *may_fail)

    def rules(self, workload: Workload) -> tuple[str, ...]:  # noqa: ARG002 -- the same for all
        """What is judged at rest."""
        return ("no_leak", "counts", "items_kept")

    def abstraction(self, workload: Workload) -> Abstraction:
        """How `list_lru.abstract_at_allocation` sees the candidate."""
        sizes = self.sizes(workload)
        return Abstraction(sizes, _Seen.NEEDS, _Seen(sizes).tables, {})

    def start(self, runtime: DeterministicRuntime, workload: Workload) -> AtAllocationSubject[L, M, T]:
        """Set a candidate up with all the lrus and cgroups that the workload names."""
        return AtAllocationSubject(runtime, self._make(runtime), self.sizes(workload)["Lru"], Tree.of(workload))


_OF_OBJECTS = ("use", "add", "look")
_OF_LRUS = ("init", "destroy", *_OF_OBJECTS)


def _misused_cgroups(workload: Workload, used: set[int]) -> str | None:
    """Why cgroups cannot come and go like that, if they cannot."""
    threads = [t for t in workload.threads if any(o.name in ("online", "offline") for o in t)]
    if len(threads) > 1:
        return "cgroups come and go in more than one thread"
    parents: dict[int, int] = {}
    gone: set[int] = set()
    for operation in threads[0] if threads else ():
        match operation:
            case Operation("online", (memcg, parent)):
                if memcg in parents or memcg == ROOT:
                    return f"memcg{memcg} is online already"
                if parent in gone or parent not in (ROOT, *parents):
                    return f"memcg{memcg} comes online below memcg{parent}, which is not online"
                parents[memcg] = parent
            case Operation("offline", (memcg,)):
                if memcg in gone or memcg not in parents:
                    return f"memcg{memcg} is not online, so it cannot go offline"
                if any(parent == memcg and child not in gone for child, parent in parents.items()):
                    return f"memcg{memcg} goes offline before its children"
                gone.add(memcg)
            case _:
                pass
    unknown = used - {ROOT} - parents.keys()
    return f"memcg{min(unknown)} never comes online" if unknown else None


@dataclass(frozen=True, slots=True)
class History:
    """What is gone: of each lru that was unmounted the list of each cgroup, of each object its lru and its cgroup."""

    lrus: Mapping[int, Mapping[int, int]]
    things: Mapping[int, tuple[int, int]]

    def __hash__(self) -> int:
        return hash((frozenset(self.lrus), frozenset(self.things)))


@dataclass(frozen=True, slots=True)
class _Seen:
    """A state as `list_lru.abstract_at_allocation` sees it."""

    NEEDS = frozenset({"live", "online", "redirected", "slot", "lists.life", "charged", "used_for"})

    sizes: Mapping[str, int]

    def tables(self, look: Look, history: Hashable) -> Tables:
        """The symbols that it observes."""
        assert isinstance(history, History)
        lrus, memcgs, things, lists = (range(self.sizes[sort]) for sort in ("Lru", "Memcg", "Object", "List"))
        finds: dict[tuple[Value, ...], Value] = {
            (lru, memcg, there): True
            for lru in lrus
            for memcg in memcgs
            if (there := history.lrus.get(lru, {}).get(memcg, look("slot", lru, memcg))) is not None
        }
        found = {there for _, _, there in finds}
        gone = {thing: (memcg, lru) for thing, (lru, memcg) in history.things.items()}
        charged = {x: gone.get(x, (look("charged", x), look("used_for", x))) for x in things}
        return {
            "live": {(lru,): True for lru in lrus if lru in history.lrus or look("live", lru)},
            "online": {(memcg,): True for memcg in memcgs if look("online", memcg)},
            "ended": {(memcg,): True for memcg in memcgs if look("redirected", memcg)},
            "finds": finds,
            "freed": {(x,): True for x in lists if x not in found and look("lists.life", x) != "UNUSED"},
            "charged": {(x,): memcg for x, (memcg, _) in charged.items()},
            "used_for": {(x,): lru for x, (_, lru) in charged.items()},
        }


class AtAllocationSubject(Generic[L, M, T]):
    """One candidate in one execution."""

    def __init__(self, runtime: DeterministicRuntime, candidate: Candidate[L, M, T], lrus: int, tree: Tree) -> None:
        self._runtime, self._candidate, self._tree = runtime, candidate, tree
        self._lrus: Sequence[L] = [candidate.lru(f"lru{number}") for number in range(lrus)]
        memcgs: dict[int, M] = {ROOT: candidate.memcg("root", None)}
        for memcg, parent in tree.parents.items():
            memcgs[memcg] = candidate.memcg(f"memcg{memcg}", memcgs[parent])
        self._memcgs: Mapping[int, M] = memcgs
        self._mounted = [runtime.memory(f"lru{number}").cell("mounted", value=False) for number in range(lrus)]
        self._gone = {memcg: runtime.memory(f"memcg{memcg}").cell("gone", value=False) for memcg in tree.parents}
        self._ids: dict[int, int] = {}
        """The id of each cgroup that has been online, which it may have no more."""
        self._kept: list[T] = []
        self._history = History({}, {})
        self._remembered = Watched(runtime.machine, "what is gone")

    def call(self, operation: Operation) -> str:
        """Do one operation; `done`, the name of the error, or `nothing to do`."""
        match operation:
            case Operation("init", (lru,)):
                self._candidate.init(self._lrus[lru])
                self._mounted[lru].store(value=True)
            case Operation("destroy", (lru,)):
                self._destroy(lru)
            case Operation("online", (memcg, _)):
                self._candidate.online(self._memcgs[memcg])
                self._ids[memcg] = self._memcgs[memcg].index.peek()
            case Operation("offline", (memcg,)):
                self._candidate.offline(self._memcgs[memcg])
                self._gone[memcg].store(value=True)
            case Operation("use" | "add" | "look" as verb, (lru, memcg)):
                return self._with_object(verb, lru, memcg)
            case _:
                return NOTHING
        return DONE

    def _destroy(self, lru: int) -> None:
        self._mounted[lru].store(value=False)
        for thing in [thing for thing in self._kept if thing.lru is self._lrus[lru]]:
            if not self._candidate.delete(thing):
                raise self._broken("items_kept", "an object that was added is not there to be deleted")
            self._kept.remove(thing)
            self._free(thing)
        had = {memcg: there for memcg in self._memcgs if (there := self._slot(lru, memcg)) is not None}
        self._remember(History({**self._history.lrus, lru: had}, self._history.things))
        self._candidate.destroy(self._lrus[lru])
        if self._live(lru):
            raise self._broken("result", "it has returned, but the lru is still registered")

    def _free(self, thing: T) -> None:
        number = self._runtime.number(thing)
        assert number is not None
        was = (self._number(self._lrus, thing.lru), self._number(self._memcgs, thing.memcg))
        self._remember(History(self._history.lrus, {**self._history.things, number: was}))
        self._candidate.free(thing)

    def _with_object(self, verb: str, lru: int, memcg: int) -> str:
        """Allocate an object, and do with it what the operation says."""
        if not self._mounted[lru].load() or (memcg != ROOT and self._memcgs[memcg].index.load() < 0):
            return NOTHING
        failures = self._runtime.failures
        thing = self._candidate.allocate(self._lrus[lru], self._memcgs[memcg])
        if isinstance(thing, Enum):
            if self._runtime.failures == failures:
                raise self._broken("fails_for_memory", "it fails, though none of its allocations has failed")
            return thing.name
        if verb != "look":
            self._candidate.add(thing)
        if verb == "add":
            self._kept.append(thing)
            return DONE
        self._find(thing, self._lrus[lru], self._memcgs[memcg], there=verb == "use")
        self._free(thing)
        return DONE

    def _find(self, thing: T, lru: L, memcg: M, *, there: bool) -> None:
        """Look for an object that is on its list, or is not, and take it off."""
        candidate, was = self._candidate, "was just added" if there else "was never added"
        if (thing in candidate.walk(lru, memcg)) is not there:
            raise self._broken("items_kept", f"a walk does {'not find' if there else 'find'} an object that {was}")
        if there and candidate.count(lru, memcg) < 1:
            raise self._broken("counts", "the count of a list with an object on it is 0")
        if candidate.delete(thing) is not there:
            raise self._broken("items_kept", f"an object that {was} is {'not' if there else 'said to be'} deleted")

    def _remember(self, history: History) -> None:
        self._runtime.machine.settle()
        self._history = history
        self._remembered.changed()

    def history(self) -> History:
        """What is gone."""
        self._remembered.seen()
        return self._history

    def _broken(self, property_: str, message: str) -> Aborted:
        return self._runtime.machine.breach(property_, f"{self._runtime.machine.doing}: {message}")

    # -- the abstraction function

    def symbols(self) -> Symbols:
        """The symbols of `list_lru.at_allocation_base`."""
        return {
            "parent": self._tree.parents.get,
            "below": self._below,
            "live": self._live,
            "online": self._online,
            "redirected": self._redirected,
            "offline.pc": self._offline,
            "slot": self._slot,
            "charged": self._charged,
            "used_for": self._used_for,
            "lists.life": self._life,
        }

    def _below(self, memcg: int, above: int) -> Value:
        return above in self._tree.path(memcg)

    def _live(self, lru: int) -> bool:
        return self._lrus[lru] in self._candidate.registered.peek()

    def _online(self, memcg: int) -> Value:
        return memcg == ROOT or (memcg in self._memcgs and (self._id(memcg) >= 0 or self._redirected(memcg)))

    def _redirected(self, memcg: int) -> bool:
        return memcg in self._memcgs and self._memcgs[memcg].offline.peek()

    def _offline(self, memcg: int) -> Value:
        return "done" if memcg in self._gone and self._gone[memcg].peek() else "redirect"

    def _id(self, memcg: int) -> int:
        """The id that the cgroup has, or had; -1 before."""
        index = self._memcgs[memcg].index.peek()
        return index if index >= 0 else self._ids.get(memcg, -1)

    def _slot(self, lru: int, memcg: int) -> int | None:
        """The list at the id that the cgroup has, or had, unless another has the id since; none while l is not live."""
        if memcg == ROOT or memcg not in self._memcgs or not self._live(lru):
            return None
        index = self._id(memcg)
        if index < 0 or index in [self._memcgs[other].index.peek() for other in self._tree.younger(memcg)]:
            return None
        return self._runtime.number(self._lrus[lru].slot.peek(index))

    def _charged(self, number: int) -> Value:
        thing = self._allocated(number)
        return None if thing is None else self._number(self._memcgs, thing.memcg)

    def _used_for(self, number: int) -> Value:
        thing = self._allocated(number)
        return None if thing is None else self._number(self._lrus, thing.lru)

    def _allocated(self, number: int) -> T | None:
        thing = self._candidate.objects.at(number)
        if thing is None or not any(there is thing for there in self._candidate.allocated.peek()):
            return None
        if not self._runtime.is_live(thing):
            raise AbstractionError(f"object {number} has been freed, and can still be found")
        return thing

    def _number(self, things: Sequence[object] | Mapping[int, object], wanted: object) -> int:
        pairs = things.items() if isinstance(things, Mapping) else enumerate(things)
        return next(number for number, thing in pairs if thing is wanted)

    def _life(self, number: int) -> Value:
        block = self._candidate.lists.at(number)
        if block is None:
            return "UNUSED"
        if not self._runtime.is_live(block):
            return "FREED"
        return "UNUSED" if self._runtime.space.is_private(block) else "LIVE"

    # -- at rest

    def at_rest(self) -> Breach | None:
        """No block is lost (P5), counts are lengths (P8), an object is where a look-up finds it (P7)."""
        lrus = self._candidate.registered.peek()
        lists = [there for lru in lrus for i in range(len(lru.slot)) if (there := lru.slot.peek(i)) is not None]
        lost = self._runtime.leaks(self._candidate.lists.peek(), lists)
        lost += self._runtime.leaks(self._candidate.objects.peek(), self._candidate.allocated.peek())
        if lost:
            return Breach("no_leak", f"at rest nobody can reach {', '.join(lost)}, which is still allocated")
        idle = self._runtime.taken("ids") - {m.index.peek() for m in self._memcgs.values()}
        if idle:
            return Breach("no_leak", f"at rest the ids {sorted(idle)} are taken, and no cgroup has them")
        for there in (*lists, *(lru.root for lru in self._lrus)):
            if there.count.peek() != len(there.items.peek()):
                return Breach("counts", f"at rest a list of {len(there.items.peek())} has count {there.count.peek()}")
        missing = sum(thing not in self._items_of(thing) for thing in self._kept)
        if missing:
            return Breach("items_kept", f"at rest {missing} objects that were added are not where a look-up goes")
        return None

    def _items_of(self, thing: T) -> tuple[object, ...]:
        """The items that a look-up comes to: those of the nearest cgroup that has not gone offline."""
        lru = self._lrus[self._number(self._lrus, thing.lru)]
        path = self._tree.path(self._number(self._memcgs, thing.memcg))
        nearest = next(memcg for memcg in path if not self._memcgs[memcg].offline.peek())
        there = lru.root if nearest == ROOT else lru.slot.peek(self._id(nearest))
        return there.items.peek() if there else ()
