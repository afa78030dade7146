"""The engines that ask z3: induction, bounded search, sanity of axioms.  Nothing else imports z3."""
