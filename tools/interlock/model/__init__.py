"""From a typed program to the transition system that engines read."""
