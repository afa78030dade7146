"""A failed activation that gives its id back but leaves the lists that it has made already.

The next cgroup with that id would find its slot taken, and overwrite the list.
"""

from __future__ import annotations

from list_lru import v13

BREAKS = "no_stray"


class ListLrus(v13.ListLrus):
    """v13, but for the sweep."""

    def remove_lists(self, index: int) -> None:
        """Forget to sweep."""
