"""Bundles on disk: a folder of JSON and LightGBM texts, used only if every file matches its manifest."""

import hashlib
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from features import vocabulary as vocabularies
from features.catalogue import feature_set_id
from history.base.errors import DamagedArtifact
from history.text.times import format_time
from models.baseline import StageTable
from models.bundle import Bundle
from models.doubts.novelty import TrainingRanges
from models.figures.additive import AdditiveModel
from models.figures.amount import AmountModel
from models.figures.calibration import Calibration
from models.figures.close_time import CloseTime
from models.figures.intervals import LogOddsError
from models.figures.linear import LinearModel
from models.forecast_basis import ForecastBasis
from models.reasons.evidence import Evidence
from models.reasons.pace import Pace
from models.reasons.past_leads import PastLeads
from models.reasons.usual_touches import UsualTouch
from models.trees.ensemble import trees_from_text

FORMAT = 3
# In format 2, feature_set_id also covered the wording of reasons, so it cannot be compared; the columns' names are.
WORDED_FORMAT = 2
MANIFEST, MODEL, VOCABULARY, CARD = "manifest.json", "model.json", "vocabulary.json", "card.json"
LARGEST_FILE = 256 * 1024 * 1024  # bytes; far above any bundle, so that a damaged home cannot fill the memory


# ---- writing


def save_bundle(bundle: Bundle, folder: Path) -> str:
    """Writes the bundle as `folder`, which must not exist, and returns the sha256 of its manifest.

    Files appear all at once, flushed to disk, mode 0600.
    """
    contents = bundle_files(bundle)
    _write_folder(folder, contents)
    return _sha256(contents[MANIFEST])


def bundle_files(bundle: Bundle) -> dict[str, bytes]:
    """The bundle's files by name, as `save_bundle` writes them and `bundle_of` reads them."""
    texts = _tree_texts(bundle)
    files = {
        MODEL: _json(_model_dict(bundle)),
        VOCABULARY: _json(vocabularies.to_dict(bundle.vocabulary)),
        CARD: _json(bundle.card),
        **texts,
    }
    contents = {name: text.encode() for name, text in files.items()}
    manifest = {
        "format": FORMAT,
        "feature_set_id": feature_set_id(bundle.features),
        "horizon_days": bundle.config.horizon_days,
        "trained_through": format_time(bundle.trained_through_us),
        "trees_sha256": trees_digest(texts),
        "files": {name: _sha256(data) for name, data in sorted(contents.items())},
    }
    return {**contents, MANIFEST: _json(manifest).encode()}


def _write_folder(folder: Path, contents: dict[str, bytes]) -> None:
    """Writes the files into a hidden folder beside it, then renames that: a reader never sees a part of them."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    hidden = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    for name, data in contents.items():
        with open(hidden / name, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(hidden / name, 0o600)
    os.rename(hidden, folder)


def trees_digest(texts: dict[str, str]) -> str:
    """sha256 of the tree sections alone: LightGBM writes parameters such as the thread count beside them."""
    digest = hashlib.sha256()
    for name, text in sorted(texts.items()):
        start, end = text.find("Tree=0"), text.find("end of trees")
        digest.update(name.encode() + text[max(start, 0) : end].encode())
    return digest.hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)


def _additive(bundle: Bundle) -> dict[str, AdditiveModel]:
    """The additive models that the bundle has, by the name of their file."""
    amount = bundle.amount
    models = {
        "conversion": bundle.conversion,
        "amount_size": amount.size if amount else None,
        "amount_positive": amount.positive if amount else None,
        "close_time": bundle.close_time.location,
    }
    return {name: model for name, model in models.items() if model is not None}


def _tree_texts(bundle: Bundle) -> dict[str, str]:
    """The LightGBM texts by file name."""
    texts = {}
    for name, model in _additive(bundle).items():
        if model.trees is not None:
            texts[f"{name}.txt"] = model.trees.text
    return texts


def _model_dict(bundle: Bundle) -> dict[str, Any]:
    """The content of model.json. "spread" and "familiarity" are names from before they were renamed here."""
    return {
        "trained_through_us": bundle.trained_through_us,
        "base_rate": bundle.base_rate,
        "base_leads": bundle.base_leads,
        "base_margin": bundle.base_margin,
        "calibration": bundle.calibration.to_dict(),
        "spread": bundle.log_odds_error.to_dict(),
        "familiarity": bundle.training_ranges.to_dict(),
        "stage_table": bundle.stage_table.to_dict(),
        "amount": bundle.amount.to_dict() if bundle.amount else None,
        "close_time": bundle.close_time.to_dict(),
        "reference": bundle.reference.tolist(),
        "is_weak": bundle.is_weak,
        "forecast": bundle.forecast.to_dict() if bundle.forecast else None,
        "evidence": bundle.evidence.to_dict(),
        "past_leads": bundle.past_leads.to_dict() if bundle.past_leads else None,
        "usual_touches": [touch.to_dict() for touch in bundle.usual_touches],
        "pace": bundle.pace.to_dict() if bundle.pace else None,
        "additive": {
            name: {"share": m.share, "linear": m.linear.to_dict(), "trees": m.trees is not None}
            for name, m in _additive(bundle).items()
        },
    }


# ---- reading


def read_verified(folder: Path) -> dict[str, bytes]:
    """Every file of the manifest, read once and checked against its digest; raises DamagedArtifact."""
    manifest = _read_manifest(folder)
    contents = {MANIFEST: json.dumps(manifest).encode()}
    for name, expected in manifest["files"].items():
        # A manifest must not lead out of its folder.
        if Path(name).name != name:
            raise DamagedArtifact(f"{folder}/{MANIFEST} names {name!r}, which is not a plain file name")
        data = _read(folder / name)
        if _sha256(data) != expected:
            raise DamagedArtifact(
                f"{folder}/{name} has changed since it was written (sha256 differs); train again or roll back"
            )
        contents[name] = data
    return contents


def _read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest with its keys checked; raises DamagedArtifact."""
    try:
        manifest = json.loads(_read(folder / MANIFEST))
        checked = {
            "format": manifest["format"],
            "files": {str(name): str(digest) for name, digest in manifest["files"].items()},
            "feature_set_id": str(manifest["feature_set_id"]),
            "trees_sha256": str(manifest["trees_sha256"]),
        }
        manifest = {**manifest, **checked}
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise DamagedArtifact(
            f"{folder}/{MANIFEST} is not a bundle manifest ({type(e).__name__}); train again or roll back"
        ) from e
    if manifest["format"] not in (WORDED_FORMAT, FORMAT):
        raise DamagedArtifact(
            f"{folder}: bundle format {manifest['format']}, this version reads {FORMAT}; train again"
        )
    return manifest


def _read(path: Path) -> bytes:
    """The file's bytes; a link, or a file above LARGEST_FILE, is refused."""
    try:
        # A link is refused: it could lead out of the folder.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(handle, "rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as e:
        raise DamagedArtifact(f"{path} cannot be read: {e.strerror}") from e
    except ValueError as e:
        raise DamagedArtifact(f"{str(path)!r} is not a file name") from e
    if len(data) > LARGEST_FILE:
        raise DamagedArtifact(f"{path} is larger than {LARGEST_FILE} bytes")
    return data


def load_bundle(folder: Path, version: str = "") -> Bundle:
    """The verified bundle in `folder`; raises DamagedArtifact if a file is missing, changed or does not fit."""
    return bundle_of(read_verified(folder), version, folder)


def bundle_of(contents: dict[str, bytes], version: str, folder: Path) -> Bundle:
    """The bundle of verified files; folder is named in DamagedArtifact, raised if they do not fit this version."""
    try:
        bundle = _assemble(contents)
    except (KeyError, TypeError, ValueError) as e:
        raise DamagedArtifact(
            f"{folder} is not a bundle that this version understands ({type(e).__name__}: {e})"
        ) from e
    manifest = json.loads(contents[MANIFEST])
    is_comparable = manifest["format"] != WORDED_FORMAT
    if is_comparable and feature_set_id(bundle.features) != manifest["feature_set_id"]:
        raise DamagedArtifact(f"{folder} was made for other features than this version computes; train again")
    _check_columns(bundle, folder)
    return replace(bundle, version=version, trees_sha256=manifest["trees_sha256"])


def _check_columns(bundle: Bundle, folder: Path) -> None:
    """Raises DamagedArtifact if a model reads other columns than the catalogue's."""
    names = [feature.name for feature in bundle.features]
    for name, model in _additive(bundle).items():
        fits = len(model.linear.is_category) == len(names)
        if not fits or (model.trees is not None and list(model.trees.names) != names):
            raise DamagedArtifact(
                f"{folder}: the model {name} expects other columns than the catalogue gives; train again"
            )


def _assemble(contents: dict[str, bytes]) -> Bundle:
    """The bundle of verified files; raises KeyError, TypeError or ValueError if they do not fit."""
    content = json.loads(contents[MODEL])
    models = {name: _read_additive(name, spec, contents) for name, spec in content["additive"].items()}
    amount, forecast, past_leads = content["amount"], content.get("forecast"), content.get("past_leads")
    pace = content.get("pace")
    amount_model = None
    if amount:
        size, positive = models.get("amount_size"), models.get("amount_positive")
        amount_model = AmountModel.from_dict(amount, size, positive)
    return Bundle(
        vocabulary=vocabularies.from_dict(json.loads(contents[VOCABULARY])),
        trained_through_us=int(content["trained_through_us"]),
        base_rate=float(content["base_rate"]),
        base_leads=float(content["base_leads"]),
        conversion=models.get("conversion"),
        calibration=Calibration.from_dict(content["calibration"]),
        base_margin=float(content["base_margin"]),
        log_odds_error=LogOddsError.from_dict(content["spread"]),
        training_ranges=TrainingRanges.from_dict(content["familiarity"]),
        stage_table=StageTable.from_dict(content["stage_table"]),
        amount=amount_model,
        close_time=CloseTime.from_dict(content["close_time"], models.get("close_time")),
        reference=np.array(content["reference"], dtype=np.float64),
        forecast=ForecastBasis.from_dict(forecast) if forecast else None,
        evidence=Evidence.from_dict(content.get("evidence", {})),
        past_leads=PastLeads.from_dict(past_leads) if past_leads else None,
        usual_touches=tuple(UsualTouch.from_dict(touch) for touch in content.get("usual_touches", ())),
        pace=Pace.from_dict(pace) if pace else None,
        is_weak=bool(content.get("is_weak", False)),
        card=json.loads(contents[CARD]),
    )


def _read_additive(name: str, spec: dict[str, Any], contents: dict[str, bytes]) -> AdditiveModel:
    """One additive model from its entry in model.json, and its trees from their own file."""
    trees = trees_from_text(contents[f"{name}.txt"].decode()) if spec["trees"] else None
    return AdditiveModel(LinearModel.from_dict(spec["linear"]), float(spec["share"]), trees)
