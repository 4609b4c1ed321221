"""The artifact of one training: a folder of JSON and LightGBM texts under a manifest, read only after its
digests agree.
"""

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from features import vocabulary as vocabularies
from features.catalogue import catalogue, feature_set_id
from features.feature import Feature
from features.vocabulary import Vocabulary
from history.config import FunnelConfig
from history.errors import DamagedArtifact
from history.times import format_time
from models.additive import AdditiveModel
from models.amount import AmountModel
from models.baseline import StageTable
from models.calibration import Calibration, Spread, rate_interval
from models.close_time import CloseTime
from models.forecast_basis import ForecastBasis
from models.linear import LinearModel
from models.novelty import Familiarity, Watch, watch_of
from models.trees.ensemble import trees_from_text

FORMAT = 2
MANIFEST, MODEL, VOCABULARY, CARD = "manifest.json", "model.json", "vocabulary.json", "card.json"
LARGEST_FILE = 256 * 1024 * 1024


@dataclass(frozen=True, repr=False)
class Bundle:
    """Everything a score needs.

    base_rate is the share won within the horizon, seen on base_leads leads. conversion is None where the replay showed
    no usable signal: then every open lead gets the base rate. reference holds sorted probabilities of the leads that
    were open at trained_through_us; base_margin is the model's mean margin over them. card is what people read about
    the model: metrics, baselines, calibration table, importance, warnings, dates.
    """

    vocabulary: Vocabulary
    trained_through_us: int
    base_rate: float
    base_leads: float
    conversion: AdditiveModel | None
    calibration: Calibration
    base_margin: float
    spread: Spread
    familiarity: Familiarity
    stage_table: StageTable
    amount: AmountModel | None
    close_time: CloseTime
    reference: npt.NDArray[np.float64]
    forecast: ForecastBasis | None = None
    card: dict[str, Any] = field(default_factory=dict)
    version: str = ""
    trees_sha256: str = ""

    @property
    def config(self) -> FunnelConfig:
        return self.vocabulary.config

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        return catalogue(self.vocabulary)

    @cached_property
    def watch(self) -> Watch:
        return watch_of(self.familiarity, self.features, self.vocabulary)

    @cached_property
    def doubt_interval(self) -> tuple[float, float]:
        """80 % interval around the base rate: its own, and where a model told leads apart also the spread of theirs."""
        low, high = rate_interval(self.base_rate, self.base_leads)
        if self.conversion is None or not len(self.reference):
            return low, high
        spread = np.quantile(self.reference, [0.1, 0.9])
        return min(low, float(spread[0])), max(high, float(spread[1]))

    @property
    def signal(self) -> str:
        return "none" if self.conversion is None else "usable"

    @property
    def metrics(self) -> dict[str, float]:
        return dict(self.card.get("metrics", {}))

    def __repr__(self) -> str:
        through = format_time(self.trained_through_us)
        return f"<Bundle version {self.version!r}, signal {self.signal}, trained through {through}>"

    def describe(self) -> dict[str, Any]:
        """What GET /v1/model says of it, without `refused`."""
        return {
            "model_version": self.version,
            "signal": self.signal,
            "horizon_days": self.config.horizon_days,
            "trained_through": format_time(self.trained_through_us),
            "base_rate": self.base_rate,
            "base_probability": base_probability(self),
            "currency": self.config.currency,
            "metrics": self.metrics,
            "calibration": self.card.get("calibration", []),
            "features": [{"name": f.name, "unit": f.unit, "kind": f.kind} for f in self.features],
            "trees_sha256": self.trees_sha256,
        }


def base_probability(bundle: Bundle) -> float:
    """The calibrated probability at the model's mean margin: where reasons start from."""
    if bundle.conversion is None:
        return bundle.base_rate
    return float(bundle.calibration.probability(np.array([bundle.base_margin]))[0])


# ---- writing


def save_bundle(bundle: Bundle, folder: Path) -> str:
    """Writes the bundle as `folder`, which must not exist, and returns the sha256 of its manifest."""
    texts = {
        f"{name}.txt": model.trees.text
        for name, model in _additive(bundle).items()
        if model.trees is not None
    }
    files = {
        MODEL: _json(_model_dict(bundle)),
        VOCABULARY: _json(vocabularies.to_dict(bundle.vocabulary)),
        CARD: _json(bundle.card),
        **texts,
    }
    raw = {name: text.encode() for name, text in files.items()}
    manifest = {
        "format": FORMAT,
        "feature_set_id": feature_set_id(bundle.features),
        "horizon_days": bundle.config.horizon_days,
        "trained_through": format_time(bundle.trained_through_us),
        "trees_sha256": trees_digest(texts),
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(raw.items())},
    }
    raw[MANIFEST] = _json(manifest).encode()
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    for name, data in raw.items():
        with open(made / name, "wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        os.chmod(made / name, 0o600)
    os.rename(made, folder)
    return hashlib.sha256(raw[MANIFEST]).hexdigest()


def trees_digest(texts: dict[str, str]) -> str:
    """sha256 of the tree sections alone: the same trees give the same digest whatever parameters were written
    beside them.
    """
    seen = hashlib.sha256()
    for name, text in sorted(texts.items()):
        start, end = text.find("Tree=0"), text.find("end of trees")
        seen.update(name.encode() + text[max(start, 0) : end].encode())
    return seen.hexdigest()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)


def _additive(bundle: Bundle) -> dict[str, AdditiveModel]:
    found = {
        "conversion": bundle.conversion,
        "amount_size": bundle.amount.size if bundle.amount else None,
        "amount_positive": bundle.amount.positive if bundle.amount else None,
        "close_time": bundle.close_time.location,
    }
    return {name: model for name, model in found.items() if model is not None}


def _model_dict(bundle: Bundle) -> dict[str, Any]:
    return {
        "trained_through_us": bundle.trained_through_us,
        "base_rate": bundle.base_rate,
        "base_leads": bundle.base_leads,
        "base_margin": bundle.base_margin,
        "calibration": bundle.calibration.to_dict(),
        "spread": bundle.spread.to_dict(),
        "familiarity": bundle.familiarity.to_dict(),
        "stage_table": bundle.stage_table.to_dict(),
        "amount": bundle.amount.to_dict() if bundle.amount else None,
        "close_time": bundle.close_time.to_dict(),
        "reference": bundle.reference.tolist(),
        "forecast": bundle.forecast.to_dict() if bundle.forecast else None,
        "additive": {
            name: {"share": m.share, "linear": m.linear.to_dict(), "trees": m.trees is not None}
            for name, m in _additive(bundle).items()
        },
    }


# ---- reading


def read_verified(folder: Path) -> dict[str, bytes]:
    """Every file that the manifest names, read once and checked against its digest; raises DamagedArtifact."""
    try:
        manifest = json.loads(_read(folder / MANIFEST))
        listed = {str(name): str(digest) for name, digest in manifest["files"].items()}
        manifest = {**manifest, **{key: str(manifest[key]) for key in ("feature_set_id", "trees_sha256")}}
        if manifest["format"] != FORMAT:
            raise DamagedArtifact(
                f"{folder}: bundle format {manifest['format']}, this version reads {FORMAT}; train again"
            )
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise DamagedArtifact(
            f"{folder}/{MANIFEST} is not a bundle manifest ({type(e).__name__}); train again or roll back"
        ) from e
    contents = {MANIFEST: json.dumps(manifest).encode()}
    for name, expected in listed.items():
        if Path(name).name != name:
            raise DamagedArtifact(f"{folder}/{MANIFEST} names {name!r}, which is not a plain file name")
        data = _read(folder / name)
        if hashlib.sha256(data).hexdigest() != expected:
            raise DamagedArtifact(
                f"{folder}/{name} has changed since it was written (sha256 differs); train again or roll back"
            )
        contents[name] = data
    return contents


def _read(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(handle, "rb") as f:
            data = f.read(LARGEST_FILE + 1)
    except OSError as e:
        raise DamagedArtifact(f"{path} cannot be read: {e.strerror}") from e
    except ValueError as e:
        raise DamagedArtifact(f"{str(path)!r} is no name of a file") from e
    if len(data) > LARGEST_FILE:
        raise DamagedArtifact(f"{path} is larger than {LARGEST_FILE} bytes")
    return data


def load_bundle(folder: Path, version: str = "") -> Bundle:
    """The verified bundle in `folder`; raises DamagedArtifact where a file is missing, changed, foreign or
    does not fit.
    """
    contents = read_verified(folder)
    try:
        bundle = _assemble(contents)
    except (KeyError, TypeError, ValueError) as e:
        raise DamagedArtifact(
            f"{folder} is not a bundle this version understands ({type(e).__name__}: {e})"
        ) from e
    manifest = json.loads(contents[MANIFEST])
    if feature_set_id(bundle.features) != manifest["feature_set_id"]:
        raise DamagedArtifact(f"{folder} was made for other features than this version computes; train again")
    names = [f.name for f in bundle.features]
    for name, model in _additive(bundle).items():
        if model.trees is not None and list(model.trees.names) != names:
            raise DamagedArtifact(
                f"{folder}/{name}.txt expects other columns than the catalogue gives; train again"
            )
    return replace(bundle, version=version, trees_sha256=manifest["trees_sha256"])


def _assemble(contents: dict[str, bytes]) -> Bundle:
    d = json.loads(contents[MODEL])
    models = {name: _read_additive(name, spec, contents) for name, spec in d["additive"].items()}
    amount = d["amount"]
    return Bundle(
        vocabulary=vocabularies.from_dict(json.loads(contents[VOCABULARY])),
        trained_through_us=int(d["trained_through_us"]),
        base_rate=float(d["base_rate"]),
        base_leads=float(d["base_leads"]),
        conversion=models.get("conversion"),
        calibration=Calibration.from_dict(d["calibration"]),
        base_margin=float(d["base_margin"]),
        spread=Spread.from_dict(d["spread"]),
        familiarity=Familiarity.from_dict(d["familiarity"]),
        stage_table=StageTable.from_dict(d["stage_table"]),
        amount=AmountModel.from_dict(amount, models.get("amount_size"), models.get("amount_positive"))
        if amount
        else None,
        close_time=CloseTime.from_dict(d["close_time"], models.get("close_time")),
        reference=np.array(d["reference"], dtype=np.float64),
        forecast=ForecastBasis.from_dict(d["forecast"]) if d.get("forecast") else None,
        card=json.loads(contents[CARD]),
    )


def _read_additive(name: str, spec: dict[str, Any], contents: dict[str, bytes]) -> AdditiveModel:
    trees = trees_from_text(contents[f"{name}.txt"].decode()) if spec["trees"] else None
    return AdditiveModel(LinearModel.from_dict(spec["linear"]), float(spec["share"]), trees)
