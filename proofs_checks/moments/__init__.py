"""Probes of the matrix martingale moment bounds (T4): moments with finite-sample intervals, ratios, verdicts."""
