"""Syntax trees without their places, for comparison."""

from dataclasses import fields, is_dataclass

from interlock.core.source import Source, Span


def shape(node: object) -> object:
    """Return the classes and values of a tree, without spans, sources and comments."""
    if isinstance(node, tuple):
        return tuple(shape(item) for item in node)
    if is_dataclass(node) and not isinstance(node, type):
        values = ((f.name, getattr(node, f.name)) for f in fields(node))
        kept = tuple((n, shape(v)) for n, v in values if n != "comments" and not isinstance(v, Source | Span))
        return (type(node).__name__, *kept)
    return node
