"""A program: a root module and every module that it uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from interlock.lang.syntax import Module


@dataclass(frozen=True)
class Program:
    """`modules` has each module by its name, those that a module uses before it, the root last."""

    root: Module
    modules: Mapping[str, Module]
