"""The primitives of `runtime` over the machine: memory, locks, read-copy-update, work that is left to others."""
