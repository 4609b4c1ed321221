"""Which deals are imported if a system keeps them in several pipelines."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from connectors.reading.export import Export
from history.base.arrays import Mask
from history.base.errors import InvalidInput
from history.text.folding import folded

UNNAMED = "no pipeline"
ELSEWHERE = "of_another_pipeline"  # why a deal is set aside


def in_pipeline(
    export: Export, ids: Sequence[str | None], labels: Mapping[str, str], shared_stages: bool = False
) -> Mask:
    """The deals (n,) of the pipeline of --pipeline, by its id or label; without it those of the largest.

    ids: each deal's pipeline. shared_stages: all pipelines have the same stages, so that all are kept unless one is
    named. What was done with several pipelines is a note of the import. Raises InvalidInput for an unknown name.
    """
    counts = Counter(ids)
    listed = ", ".join(f"{_label(id_, labels)} ({count:,})" for id_, count in counts.most_common())
    chosen = export.options.pipeline
    kept: set[str | None]
    if chosen is not None:
        kept = {id_ for id_ in counts if id_ and folded(chosen) in (folded(id_), folded(_label(id_, labels)))}
        if not kept:
            raise InvalidInput(f"--pipeline {chosen}: the export has deals of {listed}.")
    elif len(counts) < 2 or shared_stages:
        kept = set(counts)
        if len(counts) > 1:
            export.notes.append(
                f"deals are of {listed}; all are kept, since they share stages: "
                "choose one by its name (--pipeline NAME)."
            )
    else:
        kept = {counts.most_common(1)[0][0]}
        name = _label(next(iter(kept)), labels)
        export.notes.append(
            f"deals are in the pipelines {listed}; those of {name} are kept: "
            "choose another by its name (--pipeline NAME)."
        )
    return np.array([id_ in kept for id_ in ids], dtype=np.bool_)


def _label(id_: str | None, labels: Mapping[str, str]) -> str:
    return labels.get(id_, id_) if id_ else UNNAMED
