"""docs/images/quality.svg: AUC and log loss of model and baselines, from docs/quality/figures.csv.

Run `python -m benchmarks.plot_quality` after the figures were measured anew.
"""

import csv
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

DOCS = Path(__file__).parents[1] / "docs"
MODEL, OTHERS = "#00796b", "#9e9e9e"


def main() -> None:
    with open(DOCS / "quality" / "figures.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    data_sets = list(dict.fromkeys(row["data"] for row in rows))
    matplotlib.rcParams.update({"svg.hashsalt": "leadcast", "font.size": 9})
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
    for axis, metric in zip(axes, ("auc", "log_loss"), strict=True):
        for row in rows:
            is_model = row["method"] == "model"
            axis.scatter(
                float(row[metric]),
                data_sets.index(row["data"]),
                s=55 if is_model else 28,
                color=MODEL if is_model else OTHERS,
                marker="D" if is_model else "o",
                zorder=3 if is_model else 2,
            )
        axis.set_title("AUC (higher is better)" if metric == "auc" else "Log loss (lower is better)")
        axis.grid(axis="x", alpha=0.3)
    axes[0].set_yticks(range(len(data_sets)), data_sets)
    axes[0].invert_yaxis()
    axes[1].set_xlim(right=0.8)  # naive Bayes lies far to the right and would flatten the rest
    figure.text(0.01, 0.01, "diamond: model; circles: baselines on the same rows", fontsize=8)
    figure.tight_layout(rect=(0, 0.04, 1, 1))
    figure.savefig(DOCS / "images" / "quality.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
