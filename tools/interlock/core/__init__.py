"""Values that every layer shares: sources, diagnostics, terms, transition systems, traces and verdicts.

No third-party imports, no I/O.  Everything here is a frozen dataclass or a pure function of them.
"""
