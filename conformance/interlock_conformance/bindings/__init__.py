"""Bindings of kinds of candidates to the specifications in spec/."""
