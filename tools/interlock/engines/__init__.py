"""What judges a transition system: the evaluator, the explorer, and what asks z3, behind one protocol."""
