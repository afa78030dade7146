"""A candidate that is a program of its own: started, written to, read from, and ended whatever it does.

Lines go through pipes that never block us: while we wait for its lines, it gets ours, so a candidate that does not read
cannot hang us, and neither can one that says nothing, as every wait has an end.  What it writes to standard error is
put aside, and its last lines are told where it fails.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO, Self

from interlock.engines.traces.log import printable

LONGEST = 1_000_000
"""Bytes of a line; a longer one is damage."""

_PORTION = 1 << 16
_GRACE = 2.0
_LOOK = 0.2
"""Seconds after which a candidate that says nothing is looked at: it may have ended."""
_TOLD = 2_000
_LINES = 5


class Failure(Exception):  # noqa: N818 - the candidate's, not ours
    """What the candidate did instead of what was asked of it: a code, what happened, and what may help."""

    def __init__(self, code: str, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = printable(message)
        self.fix = printable(fix)


_HELLO = "a candidate begins with a line that says who it is, as in docs/processes.md"


class Process:
    """The running program, as lines to it and lines from it.  A context: at its end the program is gone.

    It has a session of its own, so that what it started is ended with it.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._errors: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        try:
            self._child = subprocess.Popen(  # noqa: S603 - the user's own command
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                start_new_session=True,
                bufsize=0,
            )
        except (OSError, ValueError) as problem:
            self._errors.close()
            reason = problem.strerror if isinstance(problem, OSError) else str(problem)
            raise Failure("E0970", f"cannot start {command[0]}: {reason}", "build it first?") from None
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._stdin, self._stdout = self._child.stdin, self._child.stdout
        os.set_blocking(self._stdin.fileno(), False)
        os.set_blocking(self._stdout.fileno(), False)
        self._to_send = bytearray()
        self._received = bytearray()
        self._looked = 0
        self._heard = False
        """Whether it has ever said a line."""
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._stdout, selectors.EVENT_READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def send(self, line: bytes) -> None:
        """Have a line sent, while we wait for those of the candidate."""
        if not self._to_send and not self._stdin.closed:
            self._selector.register(self._stdin, selectors.EVENT_WRITE)
        self._to_send += line

    def line(self, until: float) -> bytes:
        """The next line, without its end; Failure if none comes before a moment of `time.monotonic`."""
        while True:
            end = self._received.find(b"\n", self._looked)
            if end >= 0:
                found = bytes(self._received[:end])
                del self._received[: end + 1]
                self._looked = 0
                self._heard = True
                return found
            self._looked = len(self._received)
            if self._looked > LONGEST:
                raise self.failure("E0971", f"the candidate wrote a line of more than {LONGEST:,} bytes")
            left = until - time.monotonic()
            if left <= 0:
                more, fix = (" more", "") if self._heard else ("", f"{_HELLO}; or ")
                raise self.failure(
                    "E0973", f"the candidate says nothing{more}", f"{fix}give it more time with --timeout"
                )
            self._exchange(left)

    def _exchange(self, seconds: float) -> None:
        ready = self._selector.select(min(seconds, _LOOK))
        if not ready and self._child.poll() is not None:
            raise self._ended()  # somebody whom it has started may hold its output open
        for key, _ in ready:
            if key.fileobj is self._stdin:
                self._write()
                continue
            with suppress(BlockingIOError):
                portion = os.read(self._stdout.fileno(), _PORTION)
                if not portion:
                    raise self._ended()
                self._received += portion

    def _write(self) -> None:
        try:
            written = os.write(self._stdin.fileno(), self._to_send[:_PORTION])
            del self._to_send[:written]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._to_send.clear()  # why it does not listen is told by how it ends
        if not self._to_send:
            self._selector.unregister(self._stdin)

    def _ended(self) -> Failure:
        """Why there are no more lines."""
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(_GRACE)
        half = bytes(self._received[:80]).decode("utf-8", "replace")
        within = f" in the middle of a line, after `{half}`" if half else ""
        match self._child.returncode:
            case None:
                return self.failure("E0974", f"the candidate closed its output{within}, and goes on")
            case 0:
                before = "and was not done" if self._heard else "and has not said who it is"
                return self.failure("E0974", f"the candidate ended{within}, {before}", "" if self._heard else _HELLO)
            case int() as code if code < 0:
                return self.failure("E0972", f"the candidate was ended by {_signal(-code)}{within}")
            case code:
                return self.failure("E0972", f"the candidate failed with exit code {code}{within}")

    def failure(self, code: str, message: str, fix: str = "") -> Failure:
        """A failure that tells the last of what the candidate wrote to standard error."""
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - _TOLD))
        said = self._errors.read().decode("utf-8", "replace").strip().splitlines()[-_LINES:]
        return Failure(code, message, f"it said: {' / '.join(said)}" if said else fix)

    def finish(self) -> None:
        """Say that there is nothing more to do, and let the candidate end; Failure if it does not end well."""
        self._close_input()
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(_GRACE)
        match self._child.returncode:
            case 0:
                return
            case None:
                raise self.failure("E0973", "the candidate goes on after its input has ended")
            case int() as code if code < 0:
                raise self.failure("E0972", f"the candidate was ended by {_signal(-code)} after its last run")
            case code:
                raise self.failure("E0972", f"the candidate failed with exit code {code} after its last run")

    def end(self) -> None:
        """End the candidate, and all that it has started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        self._close_input()
        self._selector.close()
        self._stdout.close()
        self._errors.close()

    def _close_input(self) -> None:
        if not self._stdin.closed:
            if self._to_send:
                self._selector.unregister(self._stdin)
                self._to_send.clear()
            self._stdin.close()


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


__all__ = ["LONGEST", "Failure", "Process"]
