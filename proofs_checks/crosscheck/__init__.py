"""Cross-check: which convention an implementation follows, from its outputs alone, and whether it does so correctly."""
