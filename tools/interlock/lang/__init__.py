"""From text to a typed program; the only place that knows the grammar."""
