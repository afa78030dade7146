"""What a run is judged by: invariants, an abstract specification, the order of calls; and what it has exercised."""
