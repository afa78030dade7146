"""Running a compiled search: levels, threads, limits and what was found."""

from __future__ import annotations

import ctypes
import time
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

from interlock.engines.native.checkpoint import Checkpoint, Saved
from interlock.engines.native.jit import LARGE, Library, Optimisation, text_of
from interlock.engines.native.kernel import MASK_BITS, MOST_STATES, ROOT, Env, Generator, Layout, Shared, Status
from interlock.engines.native.memory import WORD, OutOfMemory, Words, available
from interlock.engines.native.outcome import ENDLESS, UNBOUNDED, Bounds, Finding, Outcome, Progress, Reason, Until
from interlock.engines.native.search import write_search
from interlock.engines.native.sharing import Sharing
from interlock.engines.native.store import FIRST_SLOTS, Store
from interlock.engines.native.table import Indexed, Keyed

_ALONE = 2048
_CHUNK = 256
_SLICE_SECONDS = 0.2
_FIRST_SLICE = 1 << 13
_LONG = 0.3


class Driver:
    """One search in the states of a model.

    Its memory is its own until `close`; a context manager closes it.  `run` may be called again after it has ended for
    a bound, and goes on.  With a checkpoint it goes on from where a process before this one has saved it, with as many
    threads as that had; the checkpoint is the caller's to close.
    """

    def __init__(
        self,
        generator: Generator,
        *,
        keyed: bool,
        threads: int = 1,
        memory: int | None = None,
        spill: Path | None = None,
        checkpoint: Checkpoint | None = None,
        slots: int = FIRST_SLOTS,
    ) -> None:
        self.layout = layout = Layout.of(generator)
        self.checkpoint = checkpoint
        saved = checkpoint.saved if checkpoint is not None else None
        self.threads = threads = threads if saved is None else len(saved.threads)
        sharing = Sharing(threads > 1)
        table = Keyed(sharing) if keyed else Indexed(sharing, layout.words)
        text = text_of(write_search(generator, table, threads))
        self.library = Library.compile(text, "full" if len(text) < LARGE else "quick")
        self._text = None if len(text) < LARGE else text
        self._optimisation: Optimisation | None = None
        self._before: Library | None = None
        budget = available() * 4 // 5 if memory is None else memory
        self.store = Store(
            self.library,
            layout.words,
            keyed=keyed,
            threads=threads,
            budget=budget,
            slots=slots,
            spill=spill,
            kept=checkpoint.folder if checkpoint is not None else None,
            known=saved.count if saved is not None else 0,
        )
        self._envs = [Words(layout.size * WORD) for _ in range(threads)]
        self._heads = [env.words() for env in self._envs]
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        self._expand = self.library.function("expand", number, [pointer])
        self._seed = self.library.function("seed", number, [pointer, pointer, number])
        self._relocate = self.library.function("relocate", None, [pointer, number, number])
        self._find = None if keyed else self.library.function("find", number, [pointer, pointer])
        self._pool = ThreadPoolExecutor(threads - 1) if threads > 1 else None
        self._found: dict[int, Finding] = {}
        self._step_found: dict[int, Finding] = {}
        self._seconds = 0.0
        self.before = 0.0 if saved is None else saved.seconds
        """Seconds that processes before this one have searched."""
        self._fresh = saved is not None
        if saved is not None:
            self._restore(saved)
        for env, head in zip(self._envs, self._heads, strict=True):
            head[Env.SHARED] = self.store.shared.address
            head[Env.OPEN] = env.address + layout.open * WORD
        self._collect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give all memory back."""
        if self._optimisation is not None:
            self._optimisation.stop()
        if self._pool is not None:
            self._pool.shutdown()
        for head in self._heads:
            head.release()
        for env in self._envs:
            env.release()
        self.store.release()

    # What there is

    def state(self, index: int) -> tuple[int, ...]:
        """The words of a state."""
        return self.store.state(index)

    def path(self, index: int) -> list[int]:
        """Indices of states from an initial one to a state, each a step from the one before it."""
        path = [index]
        while (before := self.store.predecessor(path[-1])) != ROOT:
            path.append(before)
        return path[::-1]

    def find(self, state: Sequence[int]) -> int | None:
        """The index of a state; only where the table keeps indices."""
        assert self._find is not None, "the table keeps no indices"
        words = (ctypes.c_uint64 * len(state))(*state)
        found = int(self._find(self.store.shared.address, ctypes.addressof(words)))
        return None if found < 0 else found

    # Running

    def run(
        self,
        initial: Iterable[Sequence[int]],
        *,
        until: Until = Until.FIRST,
        bounds: Bounds = UNBOUNDED,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> Outcome:
        """Search from initial states, or go on from where the last call ended."""
        known = 0 if self._fresh else len(self._found) + len(self._step_found)
        run, self._fresh = _Run(time.monotonic(), until, bounds, progress, known), False
        head = self.store.head
        self.store.most = min(bounds.states, self.store.capacity)
        self.store.set_limit()
        head[Shared.DEEPEST] = min(bounds.depth - 1, ENDLESS) if bounds.depth else 0
        head[Shared.SLICE] = _FIRST_SLICE
        head[Shared.STOP] = 0
        self._open(until)
        try:
            reason = self._start(initial, run) or self._levels(run)
            detail = reason.value
        except OutOfMemory as error:
            reason, detail = Reason.MEMORY, str(error)
            if self.store.count > self.store.most:
                reason, detail = Reason.STATES, f"there are more than {bounds.states} states"
        self._settle()
        self._collect()
        self._seconds += time.monotonic() - run.started
        if self.checkpoint is not None and (reason is not Reason.FOUND or self.checkpoint.due):
            try:
                self._save(0.0)
            except OutOfMemory as error:
                detail = f"{detail}; {error}"
        return self._outcome(reason, detail)

    def _start(self, initial: Iterable[Sequence[int]], run: _Run) -> Reason | None:
        """Insert the initial states, if that has not been done."""
        if self.store.head[Shared.LAST]:
            return Reason.FOUND if self._satisfied(run) else None
        env, states = self._envs[0].address, iter(initial)
        for chunk in _chunks(states):
            words = (ctypes.c_uint64 * len(chunk)).from_buffer(chunk)
            total, taken = len(chunk) // self.layout.words, 0
            while taken < total or self._heads[0][Env.FILL]:
                address = ctypes.addressof(words) + taken * self.layout.words * WORD
                taken += int(self._seed(env, address, total - taken))
                if self._heads[0][Env.FILL]:
                    self._settle()
                    self.store.make_room()
        self._settle()
        self.store.set_start(1, self.store.count)
        self.store.head[Shared.LAST] = self.store.count
        self._collect()
        if self._heads[0][Env.ERROR]:
            return Reason.ERROR
        return Reason.FOUND if self._satisfied(run) else None

    def _levels(self, run: _Run) -> Reason:
        """Expand level after level."""
        head = self.store.head
        while True:
            if head[Shared.LEVEL] >= run.bounds.depth:
                return Reason.DEPTH
            self._improve(time.monotonic() - run.started)
            statuses = self._call(head[Shared.LAST] - self.store.start(self.store.level))
            if Status.ERROR in statuses:
                return Reason.ERROR
            if Status.STOP in statuses:
                return Reason.FOUND
            if Status.FULL in statuses:
                self._settle()
                self.store.make_room()
            elif all(status is Status.LEVEL for status in statuses):
                self._settle()
                self._collect()
                if self._satisfied(run):
                    return Reason.FOUND
                if self.store.count == head[Shared.LAST]:
                    return Reason.COMPLETE
                if head[Shared.LEVEL] >= head[Shared.DEEPEST]:
                    return Reason.DEPTH
                self._next_level()
            if self._report(run):
                return Reason.TIME

    def _next_level(self) -> None:
        head = self.store.head
        head[Shared.CURSOR] = head[Shared.LAST]
        head[Shared.LAST] = self.store.count
        head[Shared.LEVEL] += 1
        self.store.set_start(self.store.level + 1, self.store.count)

    def _improve(self, seconds: float) -> None:
        """Have quick code compiled fully once the search turns out to be long, and go over to that when it is there."""
        if self._text is not None and seconds > _LONG:
            self._optimisation, self._text = Optimisation(self._text), None
        if self._optimisation is not None and self._optimisation.over:
            library = self._optimisation.result()
            if library is not None:
                self.library, self._before = library, self.library  # some functions are still the old ones
                self._expand = library.function("expand", ctypes.c_int64, [ctypes.c_void_p])
            self._optimisation.stop()
            self._optimisation = None

    def _call(self, size: int) -> list[Status]:
        """Run the machine code once: on one thread if the level is small, and on all if it is not."""
        head = self.store.head
        began = time.monotonic()
        head[Shared.CURSOR] = min(head[Shared.CURSOR], head[Shared.LAST])
        if self._pool is None or size <= _ALONE:
            head[Shared.ALONE] = ENDLESS if self._pool is None else _ALONE
            head[Shared.CHUNK] = MOST_STATES if self._pool is None else _CHUNK
            statuses = [Status(self._expand(self._envs[0].address))]
        else:
            head[Shared.ALONE] = 0
            head[Shared.CHUNK] = max(16, min(_CHUNK, size // (8 * self.threads)))
            others = [self._pool.submit(self._expand, env.address) for env in self._envs[1:]]
            statuses = [Status(self._expand(self._envs[0].address))]
            statuses += [Status(other.result()) for other in others]
        spent = time.monotonic() - began
        if Status.SLICE in statuses and spent > 0:
            factor = min(4.0, max(0.25, _SLICE_SECONDS / spent))
            head[Shared.SLICE] = max(64, int(head[Shared.SLICE] * factor))
        return statuses

    def _report(self, run: _Run) -> bool:
        """Tell how far the search is, now and then; whether its time is over."""
        now = time.monotonic()
        if now - run.reported >= _SLICE_SECONDS:
            self.store.check()
            states, seconds = self.store.count, now - run.started
            rate = (states - run.states) / (now - run.reported)
            expanded = min(self.store.head[Shared.CURSOR], self.store.head[Shared.LAST])
            try:
                run.progress(Progress(states, states - expanded, self.store.level, rate, seconds))
            except BaseException:  # the caller ends the search in this way
                self._save(seconds)
                raise
            if self.checkpoint is not None and self.checkpoint.due:
                self._save(seconds)
            run.reported, run.states = now, states
        return now - run.started >= run.bounds.seconds

    # What the threads leave behind

    def _settle(self) -> None:
        """Close the gaps in the store that threads have left by not using all indices that they had reserved.

        The last states move into them, so that the states are those below the count, and no other.
        """
        if self.threads == 1:
            return
        spare = [index for head in self._heads for index in range(head[Env.SPARE], head[Env.SPARE_END])]
        gaps, top = set(spare), self.store.count
        count = top - len(gaps)
        moved: dict[int, int] = {}
        for gap in sorted(gaps):
            if gap >= count:
                break
            top -= 1
            while top in gaps:
                top -= 1
            self._relocate(self.store.shared.address, top, gap)
            moved[top] = gap
        self.store.head[Shared.COUNT] = count
        for head in self._heads:
            head[Env.SPARE] = head[Env.SPARE_END] = 0
            for cell in range(self.layout.found, self.layout.step_found):
                head[cell] = moved.get(head[cell] - 1, head[cell] - 1) + 1

    def _collect(self) -> None:
        """Put together what the threads have found, and close it for all of them."""
        layout = self.layout
        if self.store.head[Shared.NEWS] == 0:
            return
        self.store.head[Shared.NEWS] = 0
        for number in range(layout.properties + 1):
            for head in self._heads:
                cell = layout.found + number
                if head[cell]:
                    found = self._finding(head[cell] - 1)
                    self._found[number] = min(found, self._found.get(number, found), key=lambda f: f.index)
                    self._close(layout.open, number)
                    head[cell] = 0
        for number in range(layout.step_properties):
            for head in self._heads:
                cell, after = layout.step_found + number, layout.step_after + number * layout.words
                if head[cell]:
                    found = self._finding(head[cell] - 1, tuple(head[after : after + layout.words]))
                    self._step_found[number] = min(found, self._step_found.get(number, found), key=lambda f: f.index)
                    self._close(layout.step_open, number)
                    head[cell] = 0

    def _finding(self, index: int, after: tuple[int, ...] | None = None) -> Finding:
        low, high = 0, self.store.level + 1
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._starts(middle) <= index else (low, middle - 1)
        return Finding(index, low, after)

    def _starts(self, level: int) -> int:
        return self.store.start(level) if level <= self.store.level + 1 else self.store.count

    def _open(self, until: Until) -> None:
        """Open the properties for which nothing has been found."""
        layout = self.layout
        still = [n for n in range(layout.properties + 1) if n not in self._found]
        steps = [n for n in range(layout.step_properties) if n not in self._step_found]
        for head in self._heads:
            for number in still:
                head[layout.open + number // MASK_BITS] |= 1 << number % MASK_BITS
            for number in steps:
                head[layout.step_open + number // MASK_BITS] |= 1 << number % MASK_BITS
            head[Env.REMAINING] = 1 if until is Until.FIRST else ENDLESS

    def _close(self, at: int, number: int) -> None:
        for head in self._heads:
            head[at + number // MASK_BITS] &= ~(1 << number % MASK_BITS) & (2**64 - 1)

    def _satisfied(self, run: _Run) -> bool:
        total = len(self._found) + len(self._step_found)
        return run.until is not Until.ALL and total > run.known

    # What a process leaves to the next

    def _save(self, seconds: float) -> None:
        """Save where the search stands, `seconds` after `run` was called; no thread may be at work.

        The threads' memory is saved as it is, with what they have not yet inserted: so this can be done wherever they
        have returned.  What ended with an error is not saved.
        """
        if self.checkpoint is None or any(head[Env.ERROR] for head in self._heads):
            return
        self._settle()
        head, store = self.store.head, self.store
        states, predecessors = store.written()
        saved = Saved(
            count=store.count,
            levels=tuple(store.start(level) for level in range(store.level + 2)),
            level=store.level,
            last=head[Shared.LAST],
            cursor=head[Shared.CURSOR],
            news=head[Shared.NEWS],
            threads=tuple(tuple(each[: self.layout.recent]) for each in self._heads),
            found=tuple((n, f.index, f.depth) for n, f in self._found.items()),
            step_found=tuple((n, f.index, f.depth, f.after or ()) for n, f in self._step_found.items()),
            seconds=self._seconds + seconds,
            sums=self.checkpoint.sums(states, predecessors, store.count),
        )
        states.release()
        predecessors.release()
        self.checkpoint.save(saved)

    def _restore(self, saved: Saved) -> None:
        head = self.store.head
        self.store.restore(saved.count)
        for level, start in enumerate(saved.levels):
            self.store.set_start(level, start)
        for word, value in (
            (Shared.LEVEL, saved.level),
            (Shared.LAST, saved.last),
            (Shared.CURSOR, saved.cursor),
            (Shared.NEWS, saved.news),
        ):
            head[word] = value
        for each, words in zip(self._heads, saved.threads, strict=True):
            each[: len(words)] = memoryview(array("Q", words))
            each[Env.BEFORE] = self.store.states.address + each[Env.SOURCE] * self.layout.words * WORD
        self._found = {n: Finding(index, depth) for n, index, depth in saved.found}
        self._step_found = {n: Finding(index, depth, after) for n, index, depth, after in saved.step_found}
        self._seconds = saved.seconds

    # The end

    def _outcome(self, reason: Reason, detail: str) -> Outcome:
        layout, head, store = self.layout, self.store.head, self.store
        culprits = [(h[Env.ERROR], h[Env.CULPRIT] - 1) for h in self._heads if h[Env.ERROR]]
        bounds = [store.start(level) for level in range(store.level + 2)]
        if store.count > bounds[-1]:
            bounds.append(store.count)
        return Outcome(
            reason,
            detail,
            store.count,
            tuple(sum(h[layout.taken + number] for h in self._heads) for number in range(layout.transitions)),
            tuple(high - low for low, high in pairwise(bounds)),
            min(head[Shared.CURSOR], head[Shared.LAST]) if reason is not Reason.COMPLETE else store.count,
            {n: finding for n, finding in sorted(self._found.items()) if n != layout.deadlock},
            dict(sorted(self._step_found.items())),
            self._found.get(layout.deadlock),
            min(culprits, key=lambda c: c[1], default=None),
            self._seconds,
        )


@dataclass
class _Run:
    """What one call of `run` was asked for, and when it last told how far it is."""

    started: float
    until: Until
    bounds: Bounds
    progress: Callable[[Progress], None]
    known: int
    """Properties that had been found violated before."""
    reported: float = 0.0
    states: int = 0

    def __post_init__(self) -> None:
        self.reported = self.started


def _chunks(states: Iterator[Sequence[int]]) -> Iterator[array[int]]:
    """States' words, some thousands of states at a time."""
    while some := list(islice(states, 4096)):
        yield array("Q", [word for state in some for word in state])
