"""Conformance: candidate implementations, under any schedule, checked against the specification that z3 has judged.

    binding = ListLruBinding("v13", v13.ListLrus)
    verdict = conform(binding, system, parse_workload("init(0) | activate(0) | use(0, 0)"), Exhaustive(preemptions=2))
    print(report(verdict))

Candidates import `interlock_conformance.runtime` alone, so nothing is imported here.
"""
