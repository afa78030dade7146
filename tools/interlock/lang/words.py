"""The words of the language: which are reserved, and what each token is called when the parser expected it.

The grammar lists the reserved words again in NAME's pattern, where lark needs them; a test keeps the two equal.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


DECLARATION_WORDS = _words(
    "action axiom const deadlock define enum expect fair ghost initially invariant lemma liveness operation ordered "
    "process reachable refines scenario scope section sort strongly use var",
)
"""Words that begin a declaration.  (`step` does too, before `invariant`.)"""

ITEM_WORDS = _words("step rest with for while loop if either goto break return local")
"""Words that begin an item of a process."""

STATEMENT_WORDS = _words("let pick havoc await assert acquire release goto break return if either")
"""Words that begin a statement; other statements begin with the name of what they change or call."""

EXPRESSION_WORDS = _words("and or not implies iff in if then else forall exists none true false self count where")
"""Words of formulas."""

OTHER_WORDS = _words("module as snapshot such that leads walk")

RESERVED = DECLARATION_WORDS | ITEM_WORDS | STATEMENT_WORDS | EXPRESSION_WORDS | OTHER_WORDS
"""Words that can name nothing."""

SOFT = _words("free enter exit request proved holds violated unknown possible impossible to")
"""Words with a meaning in one place only; elsewhere they are names (`operation free`)."""
