"""How candidates are called and observed, one module for each specification that judges them; see candidates.toml."""
