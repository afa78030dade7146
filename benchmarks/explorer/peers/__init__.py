"""The same models in Interlock and in its peers: what is run, what it costs, and what it says."""
