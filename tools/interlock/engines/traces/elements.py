"""Which element of a sort a name in a log stands for.

A name is any JSON scalar; what counts is its text, so that `7` and `"7"` are one name.  Different names are different
elements.  The tool's own names (`lru0`) stand for themselves; the others take the elements that are left, in the order
in which the log has them first, unless the log's header lists them.  For an ordered sort the order must be known:
names that are numbers are sorted, others must be listed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias, TypeGuard

from interlock.core.diagnostic import did_you_mean
from interlock.core.system import TransitionSystem
from interlock.core.term import Value
from interlock.core.trace import element_prefix
from interlock.core.types import BoolType, EnumType, IntType, OptionType, RangeType, SortType, Type
from interlock.engines.traces.log import Json, Trouble

MOST_ELEMENTS = 256
"""Elements of a sort: tables grow with their product, and the evaluator is no database."""


_Element: TypeAlias = Callable[[SortType, str], int]
"""The element that a name stands for."""


def name_of(raw: Json) -> str | None:
    """The name that a JSON value is; None where it is no scalar."""
    if isinstance(raw, str):
        return raw
    return None if raw is None or isinstance(raw, list | dict) else json.dumps(raw)


@dataclass(frozen=True, slots=True)
class Elements:
    """The element of each name, by sort, and how many elements there are."""

    numbers: Mapping[str, Mapping[str, int]]
    sizes: Mapping[str, int]

    def value(self, type_: Type, raw: Json) -> Value:
        """The value of the type that a JSON value stands for; Trouble where it is none."""
        return _value(type_, raw, self._element)

    def _element(self, sort: SortType, name: str) -> int:
        found = self.numbers.get(sort.name, {}).get(name)
        if found is None:
            raise Trouble("E0954", f"`{name[:80]}` is no element of {sort.name} that the log had before")
        return found

    def renamed(self) -> Iterator[tuple[str, str]]:
        """What reports call an element, and what the log calls it, where that is not the same."""
        for sort, numbers in self.numbers.items():
            for name, number in sorted(numbers.items(), key=lambda item: item[1]):
                own = f"{element_prefix(sort)}{number}"
                if own != name:
                    yield own, name


@dataclass(slots=True)
class Names:
    """Collects the names of elements in a first reading of a log; `elements` then gives each its number."""

    system: TransitionSystem
    listed: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    seen: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])

    def value(self, type_: Type, raw: Json) -> Value:
        """Note the name, if the type is a sort, and check the value; what is returned stands for nothing yet."""
        return _value(type_, raw, self._note)

    def _note(self, sort: SortType, name: str) -> int:
        names = self.seen.setdefault(sort.name, dict.fromkeys(self.listed.get(sort.name, ())))
        if sort.name in self.listed and name not in names:
            fix = did_you_mean(name, names)
            raise Trouble("E0954", f"the header lists the elements of {sort.name}, and `{name[:80]}` is none", fix)
        names.setdefault(name)
        return 0

    def elements(self, sizes: Mapping[str, int], *, fixed: Iterable[str] = ()) -> Elements:
        """Give each name its element; sorts grow to the names that there are, but for those of `fixed` size.

        Trouble says why it cannot be done.
        """
        grown = dict(sizes)
        numbers: dict[str, Mapping[str, int]] = {}
        for sort in self.system.sorts:
            names = tuple(self.seen.get(sort.name, self.listed.get(sort.name, ())))
            size = sizes.get(sort.name, 1)
            if len(names) > size and sort.name in fixed:
                fix = f"give it more, as with --scope {sort.name}={len(names)}"
                raise Trouble(
                    "E0959", f"the log names {len(names)} elements of {sort.name}, of which there are {size}", fix
                )
            if len(names) > MOST_ELEMENTS:
                fix = "judge a shorter log, or one with names that are used again"
                raise Trouble(
                    "E0959", f"the log names {len(names)} elements of {sort.name}; {MOST_ELEMENTS} can be judged", fix
                )
            size = max(size, len(names), 1)
            numbers[sort.name] = self._numbered(sort, names, size)
            grown[sort.name] = size
        return Elements(numbers, grown)

    def _numbered(self, sort: SortType, names: tuple[str, ...], size: int) -> dict[str, int]:
        if sort.name in self.listed:
            return {name: number for number, name in enumerate(names)}
        own = {f"{element_prefix(sort.name)}{number}": number for number in range(size)}
        found = {name: own[name] for name in names if name in own}
        others = [name for name in names if name not in found]
        if sort.ordered and others:
            if found or not all(map(_is_number, others)):
                fix = f'list them in the header: {{"schema": "interlock-log/1", "sorts": {{"{sort.name}": [..]}}}}'
                raise Trouble("E0954", f"nothing says in which order the elements of {sort.name} are", fix)
            others.sort(key=float)
            for one, next_ in pairwise(others):
                if float(one) == float(next_):
                    raise Trouble("E0954", f"`{one}` and `{next_}` of {sort.name} are the same number")
        taken = set(found.values())
        free = (number for number in range(size) if number not in taken)
        return found | dict(zip(others, free, strict=False))


def listed_names(system: TransitionSystem, sorts: Mapping[str, tuple[Json, ...]]) -> dict[str, tuple[str, ...]]:
    """The elements that a header lists, by sort; Trouble where it makes no sense."""
    known = [sort.name for sort in system.sorts]
    found: dict[str, tuple[str, ...]] = {}
    for sort, elements in sorts.items():
        if sort not in known:
            raise Trouble("E0954", f"module `{system.name}` has no sort `{sort[:80]}`", did_you_mean(sort, known))
        names = tuple(map(name_of, elements))
        plain = tuple(name for name in names if name is not None)
        if len(plain) < len(names) or len(set(plain)) < len(plain):
            raise Trouble("E0954", f"the elements of {sort} are different scalars")
        found[sort] = plain
    return found


def _value(type_: Type, raw: Json, element: _Element) -> Value:
    match type_:
        case OptionType():
            return None if raw is None else _value(type_.of, raw, element)
        case BoolType():
            if isinstance(raw, bool):
                return raw
            raise _mismatch(raw, "true or false")
        case SortType():
            name = name_of(raw)
            if name is None:
                raise _mismatch(raw, f"an element of {type_}")
            return element(type_, name)
        case EnumType():
            if isinstance(raw, str) and raw in type_.members:
                return raw
            raise _mismatch(raw, f"one of {', '.join(type_.members)}", did_you_mean(str(raw), type_.members))
        case RangeType(high=int() as high):
            if _is_int(raw) and type_.low <= raw <= high:
                return raw
            raise _mismatch(raw, f"a number from {type_.low} to {high}")
        case RangeType() | IntType():
            if _is_int(raw):
                return raw
            raise _mismatch(raw, "a whole number")


def _is_int(raw: Json) -> TypeGuard[int]:
    return isinstance(raw, int) and not isinstance(raw, bool)


def _is_number(name: str) -> bool:
    try:
        return -1e300 < float(name) < 1e300
    except ValueError:
        return False


def _mismatch(raw: Json, wanted: str, fix: str = "") -> Trouble:
    return Trouble("E0954", f"`{json.dumps(raw)[:80]}` stands where {wanted} is needed", fix)
