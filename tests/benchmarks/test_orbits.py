"""How far symmetry can shrink publish-then-scan: its orbits under permutations of lrus and of memcgs, by brute force.

Every symbol is a truth value for each choice of lrus and memcgs, so that a permutation of the elements permutes cells.
"""

from itertools import permutations, product
from pathlib import Path

import pytest

from interlock.engines.evaluate import instantiate
from interlock.pipeline import lower_file, read_bytes

FILE = Path(__file__).parents[2] / "benchmarks/explorer/models/publish_then_scan.ilk"


def reachable(model) -> set[tuple]:
    """Cells of every reachable state, as the reference meaning has them."""
    found = set(model.initial_states())
    frontier = list(found)
    while frontier:
        after = {successor.after for state in frontier for successor in model.successors(state)}
        frontier = list(after - found)
        found |= after
    return found


def rearrangements(layout, sizes: dict[str, int]) -> list[tuple[int, ...]]:
    """For each permutation of the elements of each sort, the cell from which each cell takes its value."""
    found: list[tuple[int, ...]] = []
    for chosen in product(*(permutations(range(size)) for size in sizes.values())):
        moved = dict(zip(sizes, chosen, strict=True))
        origin = [0] * layout.length
        for symbol, block in layout.blocks.items():
            for arguments, cell in block.rows():
                image = [moved[sort.name][value] for sort, value in zip(symbol.params, arguments, strict=True)]
                origin[cell] = block.index(image)
        found.append(tuple(origin))
    return found


@pytest.mark.parametrize(
    ("lrus", "memcgs", "states", "orbits"),
    [(1, 2, 137, 76), (2, 2, 3_013, 823), pytest.param(2, 3, 127_403, 11_639, marks=pytest.mark.slow)],
)
def test_states_and_orbits(lrus, memcgs, states, orbits):
    system, _ = lower_file(str(FILE), read_bytes)
    assert system is not None
    sizes = {"Lru": lrus, "Memcg": memcgs}
    model = instantiate(system, sizes)
    found = reachable(model)
    assert len(found) == states
    group = rearrangements(model.layout, sizes)
    images = [[tuple(state[cell] for cell in origin) for origin in group] for state in found]
    assert all(image in found for renamed in images for image in renamed), "not closed under renaming"
    assert len({min(renamed) for renamed in images}) == orbits
    fixed = sum(renamed.count(state) for state, renamed in zip(found, images, strict=True))
    assert fixed == orbits * len(group), "by Burnside's lemma there are other orbits"
