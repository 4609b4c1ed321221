"""Documents of stored leads that were read a moment ago: a lead that is polled is scored once a second."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from threading import Lock
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection

from models.bundle import Bundle
from serving.api.leads.kept_leads import KeptLeads
from serving.api.leads.lead_documents import (
    LeadRequest,
    documents_without_transaction,
    read_stored_leads,
    reads_accounts,
)
from serving.base.clock import clock_us
from serving.store.database.single_reads import SingleReads
from serving.store.leads.lead_heads import LeadHead, lead_heads
from serving.store.leads.whole_leads import whole_leads

Document = msgspec.Raw | None  # None for an unknown lead
Make = Callable[[Sequence[LeadRequest], Mapping[str, LeadHead]], Sequence[Any] | None]

VALID_US: Final = 1_000_000
MOST_KEPT: Final = 512  # of 12 KB each; a lead with 10,000 interactions takes 20 ms to read and score


class _Kept(NamedTuple):
    """An encoded document, the model of its score, the head of its lead, and when it was made."""

    document: msgspec.Raw
    bundle: Bundle | None
    head: LeadHead
    made_us: int

    def holds(self, head: LeadHead) -> bool:
        """True if a lead with this head now has the same rows, and the store the same settings."""
        return self.head.version == head.version and self.head.settings == head.settings


class RecentDocuments:
    """The documents that one process gave within the last second.

    One is given again only if its lead has no row more and none was corrected: what was acknowledged counts. All are
    forgotten once the store's settings have changed, by which a lead is shown, or a lead was erased.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._settings: Sequence[str | None] | None = None  # of the store, with which all were made
        self._lock = Lock()
        self._leads = KeptLeads()

    def read(self, connection: Connection, requests: Sequence[LeadRequest]) -> list[Document]:
        """read_stored_leads with its documents encoded."""
        if reads_accounts(requests[0].bundle):  # rows of other leads count too
            return [_encoded(document) for document in read_stored_leads(connection, requests)]
        heads = lead_heads(connection, {request.lead_id for request in requests})

        def make(missing: Sequence[LeadRequest], heads: Mapping[str, LeadHead]) -> list[Any]:
            return read_stored_leads(connection, missing, self._leads, heads)

        documents = self._documents(requests, heads, make)
        assert documents is not None
        return documents

    def read_alone(self, reads: SingleReads, requests: Sequence[LeadRequest]) -> list[Document] | None:
        """`read` by one statement; None if that is not enough, as for packed leads and later pages."""
        now_us = clock_us()
        if reads_accounts(requests[0].bundle):
            return None
        lead_ids = {request.lead_id for request in requests}
        unread = {
            request.lead_id
            for request in requests
            if request.lead_id not in self._leads and not self._recent(request, now_us)
        }
        if unread and not all(request.is_first_page for request in requests):
            return None
        leads = whole_leads(reads, lead_ids, unread)
        if leads is None:
            return None

        def make(missing: Sequence[LeadRequest], _heads: Mapping[str, LeadHead]) -> list[Any] | None:
            return documents_without_transaction(missing, leads, self._leads)

        return self._documents(requests, leads.heads, make)

    def _documents(
        self, requests: Sequence[LeadRequest], heads: Mapping[str, LeadHead], make: Make
    ) -> list[Document] | None:
        """The documents of leads that have these heads now; None if `make` cannot make those that are missing."""
        now_us = clock_us()
        self._forget_old(heads)
        documents = [self._unchanged(request, heads, now_us) for request in requests]
        places = [place for place, document in enumerate(documents) if document is None]
        if not places:
            return documents
        missing = [requests[place] for place in places]
        made = make(missing, {one.lead_id: heads[one.lead_id] for one in missing if one.lead_id in heads})
        if made is None:
            return None
        for place, request, document in zip(places, missing, map(_encoded, made), strict=True):
            documents[place] = document
            if document is not None:
                kept = _Kept(document, request.bundle, heads[request.lead_id], now_us)
                self._keep(_key(request), kept)
        return documents

    def _forget_old(self, heads: Mapping[str, LeadHead]) -> None:
        """Forgets all documents if the store's settings, the same in all heads, have changed."""
        head = next(iter(heads.values()), None)
        if head is not None and head.settings != self._settings:
            with self._lock:
                self._kept.clear()
                self._settings = head.settings

    def _unchanged(
        self, request: LeadRequest, heads: Mapping[str, LeadHead], now_us: int
    ) -> msgspec.Raw | None:
        """The document that was given within the last second, if its lead has the same rows now."""
        kept, head = self._recent(request, now_us), heads.get(request.lead_id)
        return kept.document if kept and head and kept.holds(head) else None

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
