"""Benchmarks: one file a claim, all run by ``python -m benchmarks``."""

import os

# numerics: one thread for every BLAS, settled before NumPy loads one; a benchmark of threads makes its own
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

NAMES = (
    "costs_grow_as_the_theory_says",
    "full_matrices_run_to_dimension_2048",
    "gpu_runs_beat_the_cpu",
    "moment_probe_beats_stored_sums",
    "norms_from_gram_matrices_beat_singular_values",
    "polar_factor_gram_matrices_beat_the_svd",
    "polar_factor_polynomials_beat_the_svd",
    "polynomial_direction_runs_at_the_speed_of_its_products",
    "stacked_runs_beat_a_python_loop",
    "streamed_moments_beat_a_stored_loop",
    "two_cores_beat_one",
)
"""The benchmarks, in the order of the table: the file ``<name>.py`` has a docstring and ``measure(quick)``."""
