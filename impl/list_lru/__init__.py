"""Candidate implementations of the per-memcg list_lru; each imports `interlock_conformance.runtime` alone."""
