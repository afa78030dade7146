"""The command run in this process."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Done:
    """What a run of the command left."""

    code: int
    out: str
    err: str


@pytest.fixture
def interlock(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    from interlock_cli.main import main

    def run(*arguments: object) -> Done:
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return run
