"""Views of stored leads that one process read before, for as long as their rows stay as they are."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, NamedTuple

from models.bundle import Bundle
from serving.api.leads.lead_views import LeadView
from serving.store.leads.lead_heads import LeadHead

MOST_BYTES: Final = 128 * 2**20


class ViewKey(NamedTuple):
    """What a view depends on beside its lead's rows: the model, the settings of `[display]`, the store's erasures and
    its last restoration."""

    bundle: Bundle | None
    display: Mapping[str, Any]
    erasures: str | None
    restored: str | None


class _Kept(NamedTuple):
    view: LeadView
    version: tuple[int | None, ...]
    size: int


@dataclass
class KeptLeads:
    """The views read last, up to `most_bytes` of them. All are forgotten when the key changes: after an erasure no copy
    of the lead stays."""

    most_bytes: int = MOST_BYTES
    size: int = 0
    _key: ViewKey | None = None
    _kept: OrderedDict[str, _Kept] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def __contains__(self, lead_id: str) -> bool:
        """True if a view of the lead is kept, whether or not it still holds."""
        return lead_id in self._kept

    def views(self, key: ViewKey, heads: Mapping[str, LeadHead]) -> dict[str, LeadView]:
        """lead_id -> the view, of those leads that were kept under this key with the rows that their heads have."""
        views: dict[str, LeadView] = {}
        with self._lock:
            if not self._is_current(key):
                return views
            for lead_id, head in heads.items():
                kept = self._kept.get(lead_id)
                if kept is not None and kept.version == head.version:
                    self._kept.move_to_end(lead_id)
                    views[lead_id] = kept.view
        return views

    def keep(self, key: ViewKey, head: LeadHead, view: LeadView) -> None:
        """Keeps a view that holds."""
        kept = _Kept(view, head.version, view.size)
        with self._lock:
            if not self._is_current(key):
                self._kept.clear()
                self._key, self.size = key, 0
            self._forget(head.lead_id)
            self._kept[head.lead_id] = kept
            self.size += kept.size
            while self.size > self.most_bytes:
                self._forget(next(iter(self._kept)))

    def _forget(self, lead_id: str) -> None:
        kept = self._kept.pop(lead_id, None)
        if kept is not None:
            self.size -= kept.size

    def _is_current(self, key: ViewKey) -> bool:
        own = self._key
        return own is not None and own.bundle is key.bundle and own[1:] == key[1:]
