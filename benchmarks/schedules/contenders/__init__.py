"""The tools, each in the ways in which its documentation has it used, behind one function."""
