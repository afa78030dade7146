"""The kinds of candidates that come along, as their tables tell them."""

from pathlib import Path

from interlock_conformance.candidates import candidate as candidate_of
from interlock_conformance.candidates import shipped as shipped_of
from interlock_conformance.kinds import kinds_of

FOLDER = Path(__file__).parents[2] / "spec/list_lru"
KINDS = kinds_of(FOLDER, lambda path: Path(path).read_bytes())
LIST_LRU, AT_ALLOCATION = KINDS.kinds


def candidate(name):
    """`v13`, `broken.unlocked_init`."""
    return candidate_of(KINDS, f"list_lru.{name}:ListLrus")


def shipped(kind):
    """Those of one kind."""
    return tuple(found for found in shipped_of(KINDS) if found.kind.name == kind.name)
