"""Candidate implementations of a queue; each imports `interlock_conformance.runtime` alone."""
