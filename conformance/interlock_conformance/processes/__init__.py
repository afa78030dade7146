"""Candidates that are programs of their own: processes, the protocol of docs/processes.md, and their logs."""
