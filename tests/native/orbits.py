"""Orbits by brute force: what representatives are compared with."""

import random
from itertools import islice, permutations, product

from interlock.core.types import OptionType
from interlock.engines.evaluate import instantiate
from interlock.engines.native.packing import pack_layout
from interlock.engines.native.symmetry import Symmetry

MOST_INITIAL = 4000


class Instance:
    """A system in a scope, with all permutations of its symmetric sorts and the compiled representative.

    `symmetry` is None for one without symmetry, and for one with so many initial states that nothing can be said.
    """

    def __init__(self, system, sizes):
        self.system = system
        self.model = instantiate(system, sizes)
        self.initial = list(islice(self.model.initial_states(), MOST_INITIAL))
        self.symmetry = None
        if 0 < len(self.initial) < MOST_INITIAL:
            self.packing = pack_layout(self.model, self.initial)
            self.symmetry = Symmetry.of(system, self.packing)

    def compile(self):
        compiled = self.symmetry.compile()
        self.representative = lambda state: self.packing.unpack(compiled(self.packing.pack(state)))
        return self

    def reachable(self, most):
        """Reachable states, the first ones if there are more; and whether they are all."""
        found = dict.fromkeys(self.initial)
        queue = list(found)
        for state in queue:
            if len(queue) > most:
                return queue, False
            for step in self.model.successors(state):
                if step.after not in found:
                    found[step.after] = None
                    queue.append(step.after)
        return queue, True

    def group(self, seed=0, most=5000):
        """The permutations of all symmetric sorts, each as a map from sort to the images of its elements."""
        sorts = self.symmetry.sorts
        orders = [list(permutations(range(self.model.layout.sizes[s.name]))) for s in sorts]
        total = 1
        for order in orders:
            total *= len(order)
        if total <= most:
            return [dict(zip(sorts, chosen, strict=True)) for chosen in product(*orders)]
        source = random.Random(seed)
        return [dict(zip(sorts, map(source.choice, orders), strict=True)) for _ in range(most)]

    def permuted(self, state, permutation):
        """A state with its elements renamed; cells beyond the end of a range stay as they are."""

        def renamed(type_, value):
            sort = type_.of if isinstance(type_, OptionType) else type_
            return permutation[sort][value] if sort in permutation and value is not None else value

        cells = list(state)
        for block in self.model.layout.blocks.values():
            if block.offset < self.model.layout.length:
                there = {cell for _, cell in block.rows(state)}
                for args, cell in block.rows():
                    target = block.index(tuple(map(renamed, block.symbol.params, args)))
                    cells[target] = renamed(block.symbol.result, state[cell]) if cell in there else state[cell]
        return tuple(cells)


def complaints(instance, most=1500, tries=3):
    """What is wrong with the representatives of a system's reachable states, for an exact symmetry."""
    found = []
    group = instance.group()
    states, complete = instance.reachable(min(most, 20 + 40_000 // len(group)))
    source = random.Random(1)
    representatives = {state: instance.representative(state) for state in states}
    orbits = {}
    for state in states:
        if state not in orbits:
            orbits |= dict.fromkeys((instance.permuted(state, p) for p in group), len(orbits))
        if orbits.get(representatives[state]) != orbits[state]:
            found.append(f"the representative of {state} is not in its orbit")
        found += [
            f"{state} has another representative when permuted by {permutation}"
            for permutation in source.sample(group, min(tries, len(group)))
            if instance.representative(instance.permuted(state, permutation)) != representatives[state]
        ]
    if len(set(representatives.values())) != len({orbits[state] for state in states}):
        found.append("representatives are not as many as orbits")
    pack = instance.packing.pack
    for one, two in zip(states[:40], [*states[1:20], *map(instance.representative, states[20:41])], strict=False):
        if instance.symmetry.alike(pack(one), pack(two)) != (orbits[one] == orbits.get(two)):
            found.append(f"{one} and {two} are alike or not, wrongly")
    if complete and quotient(instance) != set(representatives.values()):
        found.append("a search among representatives does not find the same")
    return found


def quotient(instance):
    """What a search finds that keeps representatives only."""
    queue = list(dict.fromkeys(map(instance.representative, instance.initial)))
    found = set(queue)
    for state in queue:
        for step in instance.model.successors(state):
            after = instance.representative(step.after)
            if after not in found:
                found.add(after)
                queue.append(after)
    return found
