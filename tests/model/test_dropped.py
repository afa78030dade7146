"""Symbols that never change are dropped everywhere, also where a process says that it has started."""

from interlock.engines.explore import explore
from interlock.engines.protocol import Limits
from interlock.pipeline import lower_file, read_bytes

TEXT = b"""module never
sort T
var z: Bool = false
process q(me: T) {
  local a: Bool
  while a { step s0: await z; a := a }
}
deadlock free
"""


def test_a_process_that_is_never_started_has_no_flag_of_it():
    system, _ = lower_file("never.ilk", lambda path: TEXT if path == "never.ilk" else read_bytes(path))
    assert not [symbol for symbol in system.symbols if symbol.name == "q.started"]
    verdicts = explore(system, ["deadlock"], Limits(sizes={"T": 1})).verdicts
    assert verdicts["deadlock"].kind == "holds"
