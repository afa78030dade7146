"""The command `interlock`, one file for each of its commands."""
