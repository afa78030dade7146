"""What the native explorer uses of llvmlite's binding, which has no types."""

from typing import Any

def __getattr__(name: str) -> Any: ...
