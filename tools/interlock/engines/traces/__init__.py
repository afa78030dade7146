"""Judging event logs: whether a specification has a run in which the events of a log happen.

`read_log` and `itf_entries` read what was written, `Vocabulary` gives it the specification's names and values,
`judge_log` keeps the states that explain it so far, and `refusals` says why nothing explains it any further.
"""
