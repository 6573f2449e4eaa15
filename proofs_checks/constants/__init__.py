"""The band of the best constant: what is certified below, what is proved above, and the command that shows it."""
