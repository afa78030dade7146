"""Candidate implementations of the per-memcg list_lru; each file imports `interlock_conformance.runtime` and nothing else."""
