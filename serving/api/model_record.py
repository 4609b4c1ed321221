"""What is known of the model in use: the answer of `GET /v1/model`, and the figures of the page `/model`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from features.wording import label_of
from models.bundle import Bundle
from models.home.exports import ExportedVersion, exported_versions
from serving.jobs.kinds import registered_versions
from serving.model.watch import ModelWatch

# Parts of the model card that are answered as they are.
OF_CARD: Mapping[str, Any] = {
    "first_snapshot": None,
    "n_leads": None,
    "n_snapshots": None,
    "judged_by": None,
    "evidence": None,
    "intervals": {},
    "baselines": {},
    "warnings": [],
}


def model_record(watch: ModelWatch, home: Path) -> dict[str, Any]:
    """The model in use with its card, a refused one, and the versions whose bundles are in the home.

    Reads files of the home. Raises NoModel without a model.
    """
    bundle = watch.bundle()
    card = getattr(bundle, "card", {})
    return {
        **bundle.describe(),
        **{name: card.get(name, default) for name, default in OF_CARD.items()},
        "importance": _importance(bundle, card),
        "segments": card.get("fairness", {}),
        "versions": versions_record(home),
        "refused": watch.refused.describe() if watch.refused else None,
    }


def versions_record(home: Path) -> list[dict[str, Any]]:
    """The versions whose bundles are in the home, and those that the registry was last seen to have, newest first."""
    versions = {version.model_version: version.describe() for version in exported_versions(home)}
    for registered in registered_versions(home):
        number = str(registered["model_version"])
        unknown = ExportedVersion(number, None, None, registered["metrics"], False, False).describe()
        known = versions.setdefault(number, unknown)
        versions[number] = {
            **known,
            "registered_at": registered["created_at"],
            "run_id": registered["run_id"],
        }
    return sorted(versions.values(), key=lambda version: -int(version["model_version"]))


def _importance(bundle: Bundle, card: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Features by their mean effect on the log-odds, the largest first, with their labels."""
    ranked = card.get("importance", [])
    labels = {feature.name: label_of(feature) for feature in bundle.features} if ranked else {}
    return [{**row, "label": labels.get(row["feature"], row["feature"])} for row in ranked]
