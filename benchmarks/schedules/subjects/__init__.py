"""The same racy programs three times: as plain Python, in Interlock's primitives, and cut into steps by hand."""
