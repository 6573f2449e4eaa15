"""Draw the figure of the README from a finished run of ``studies/dimension_free.toml``.

    schattor study run studies/dimension_free.toml --out out/dimension_free --jobs 2
    python docs/figures/dimension_free.py out/dimension_free docs/figures/dimension_free.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pyarrow.parquet as pq

mpl.use("Agg")
import matplotlib.pyplot as plt

PANELS = (
    ("positive", "one fixed noise covariance, σ = 1"),
    ("negative_window", "only the moment of the dual norm is fixed, σ = 2"),
)
STYLES = {"2": ("#0072B2", "o", "2"), "4": ("#D55E00", "s", "4"), "inf": ("#009E73", "^", "∞")}


def main(folder: str, target: str) -> None:
    rows = pq.read_table(Path(folder) / "results.parquet").to_pydict()
    columns = {name: np.array(rows[name]) for name in ("arm", "p", "dimension", "stationarity_mean", "bound")}
    figure, axes = plt.subplots(1, 2, figsize=(9.6, 3.7), sharey=True, layout="constrained")
    for axis, (arm, title) in zip(axes, PANELS, strict=True):
        for p, (color, marker, label) in STYLES.items():
            here = (columns["arm"] == arm) & (columns["p"] == p)
            dimensions = np.unique(columns["dimension"][here])
            groups = [here & (columns["dimension"] == d) for d in dimensions]
            means = [columns["stationarity_mean"][g].astype(float).mean() for g in groups]
            bounds = [float(columns["bound"][g][0]) for g in groups]
            axis.plot(dimensions, means, marker=marker, color=color, label=f"p = {label}")
            axis.plot(dimensions, bounds, "--", color=color, lw=1)
        axis.plot([], [], "--", color="0.4", lw=1, label="bound T5")
        axis.set(xscale="log", yscale="log", xlabel="dimension d", title=title)
        axis.title.set_fontsize(11)
        axis.set_xticks(dimensions, [str(d) for d in dimensions])
        axis.minorticks_off()
        axis.grid(alpha=0.25)
    ticks = [0.2, 0.5, 1, 2, 5]
    axes[0].set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes[0].set_ylabel("mean stationarity  [F/X]")
    axes[0].legend(frameon=False, ncols=2)
    figure.savefig(target, dpi=140)


if __name__ == "__main__":
    main(*sys.argv[1:3])
