"""The words of the language: which are reserved, and what each token is called when the parser expected it.

The grammar lists the reserved words again in NAME's pattern, where lark needs them; a test keeps the two equal.
"""

from __future__ import annotations

DECLARATION_WORDS = frozenset(
    "action axiom const deadlock define enum expect fair ghost initially invariant lemma liveness operation ordered "
    "process reachable refines scenario scope section sort strongly use var".split(),
)
"""Words that begin a declaration.  (`step` does too, before `invariant`.)"""

ITEM_WORDS = frozenset("step rest with for while loop if either goto break return local".split())
"""Words that begin an item of a process."""

STATEMENT_WORDS = frozenset("let pick havoc await assert acquire release goto break return if either".split())
"""Words that begin a statement; other statements begin with the name of what they change or call."""

EXPRESSION_WORDS = frozenset(
    "and or not implies iff in if then else forall exists none true false self count where".split()
)
"""Words of formulas."""

OTHER_WORDS = frozenset("module as snapshot such that leads walk".split())

RESERVED = DECLARATION_WORDS | ITEM_WORDS | STATEMENT_WORDS | EXPRESSION_WORDS | OTHER_WORDS
"""Words that can name nothing."""

SOFT = frozenset("free enter exit request proved holds violated unknown possible impossible to".split())
"""Words with a meaning in one place only; elsewhere they are names (`operation free`)."""
