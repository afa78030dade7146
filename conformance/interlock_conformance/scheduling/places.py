"""Places in a candidate's source, as reports name them: `v13.py:117`."""

from __future__ import annotations

import sys
import threading
from types import FrameType

_LIBRARY = threading.__file__.removesuffix("threading.py")


def calling_place() -> str:
    """Where the candidate called the primitive that runs now; empty for a step of the binding's own."""
    return place_of(sys._getframe(1))  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] -- inspect.stack reads files


def place_of(frame: FrameType | None) -> str:
    """The innermost line of the stack that is not ours; empty where there is none."""
    while frame is not None and _is_ours(frame):
        frame = frame.f_back
    return "" if frame is None else f"{_file(frame)}:{frame.f_lineno}"


def described(error: BaseException) -> str:
    """An error and where it was raised; its text, which is the candidate's own code, may raise as well."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 -- then there is no text
        text = "(its text cannot be had)"
    return f"{type(error).__name__}: {text}{raised_at(error)}"


def raised_at(error: BaseException) -> str:
    """The innermost line, not ours, at which an error was raised, in parentheses; empty where there is none."""
    trace = error.__traceback__
    place = ""
    while trace is not None:
        if not _is_ours(trace.tb_frame):
            place = f" ({_file(trace.tb_frame)}:{trace.tb_lineno})"
        trace = trace.tb_next
    return place


def _file(frame: FrameType) -> str:
    return frame.f_code.co_filename.rsplit("/", 1)[-1]


def _is_ours(frame: FrameType) -> bool:
    """Whether a reader does not look for the reason here: in Interlock, or in Python's own library."""
    if str(frame.f_globals.get("__name__", "")).startswith("interlock_conformance"):
        return True
    file = frame.f_code.co_filename
    return file.startswith(_LIBRARY) and "site-packages" not in file
