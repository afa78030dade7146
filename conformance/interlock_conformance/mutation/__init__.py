"""How good the checks are: mutants of a candidate, and which of them are noticed."""
