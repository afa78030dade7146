"""Engines: each judges properties of a transition system, behind the protocol in `protocol.py`."""
