"""`python -m interlock_cli`: the command where it is not on the path."""

from interlock_cli.main import run

run()
