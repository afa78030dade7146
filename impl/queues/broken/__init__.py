"""Implementations that must be caught.  `BREAKS` in each names the property that it breaks."""
