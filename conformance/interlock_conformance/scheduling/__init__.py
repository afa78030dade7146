"""Threads and their steps: the machine, what its threads are, what a step touches, and how executions are ended."""
