"""Documents of stored leads that were read a moment ago: a lead that is polled is scored once a second."""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from threading import Lock
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection

from models.bundle import Bundle
from serving.api.leads.kept_leads import KeptLeads
from serving.api.leads.lead_documents import LeadRequest, read_stored_leads
from serving.base.clock import clock_us
from serving.store.leads.lead_heads import lead_heads

VALID_US: Final = 1_000_000
MOST_KEPT: Final = 512  # of 12 KB each; a lead with 10,000 interactions takes 20 ms to read and score


class _Kept(NamedTuple):
    """An encoded document, the model of its score, the version of its lead's rows, and when it was made.

    version: None if it was not asked for: at the first reading within a second.
    """

    document: msgspec.Raw
    bundle: Bundle | None
    version: Sequence[int | None] | None
    made_us: int


class RecentDocuments:
    """The documents that one process gave within the last second.

    One is given again only if its lead has no row more and none was corrected: what was acknowledged counts.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._lock = Lock()
        self._leads = KeptLeads()

    def read(self, connection: Connection, requests: Sequence[LeadRequest]) -> list[msgspec.Raw | None]:
        """read_stored_leads with its documents encoded."""
        bundle = requests[0].bundle
        if bundle is not None and bundle.vocabulary.reads_accounts:  # rows of other leads count too
            return [_encoded(document) for document in read_stored_leads(connection, requests)]
        now_us = clock_us()
        kept = [self._recent(request, now_us) for request in requests]
        polled = [request for request, one in zip(requests, kept, strict=True) if one is not None]
        heads = lead_heads(connection, list({request.lead_id for request in polled})) if polled else {}
        versions = {lead_id: head.version for lead_id, head in heads.items()}
        documents: list[msgspec.Raw | None] = [
            one.document
            if one is not None and one.version is not None and one.version == versions.get(request.lead_id)
            else None
            for request, one in zip(requests, kept, strict=True)
        ]
        missing = [i for i, document in enumerate(documents) if document is None]
        if missing:
            made = read_stored_leads(connection, [requests[i] for i in missing], self._leads)
            for i, document in zip(missing, map(_encoded, made), strict=True):
                documents[i] = document
                if document is not None:
                    version = versions.get(requests[i].lead_id)
                    self._keep(_key(requests[i]), _Kept(document, bundle, version, now_us))
        return documents

    def _recent(self, request: LeadRequest, now_us: int) -> _Kept | None:
        kept = self._kept.get(_key(request))
        if kept is None or kept.bundle is not request.bundle:
            return None
        return kept if 0 <= now_us - kept.made_us < VALID_US else None

    def _keep(self, key: Hashable, kept: _Kept) -> None:
        with self._lock:
            self._kept[key] = kept
            self._kept.move_to_end(key)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)


def _key(request: LeadRequest) -> Hashable:
    return request.lead_id, request.before, request.kind, request.reasons, request.has_facts


def _encoded(document: dict[str, Any] | None) -> msgspec.Raw | None:
    return None if document is None else msgspec.Raw(msgspec.json.encode(document))
