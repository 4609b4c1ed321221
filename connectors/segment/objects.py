"""Calls of Segment and RudderStack: raw events as JSON, and the tables that warehouses hold."""

from typing import Final

from connectors.reading.declare import ObjectKind, Trap, times, trapped, used

_IDS: Final = used("messageId|id", "userId", "anonymousId", "channel")
_TIMES: Final = times("timestamp", "originalTimestamp", "sentAt", "receivedAt")
# A dot, an underscore and capitals are one to recognition: context_campaign_source is context.campaign.source.
_CONTEXT: Final = used(
    "context.campaign.source|context.campaign.utm_source", "context.campaign.medium", "context.campaign.name",
    "context.page.referrer|context.referrer.url", "context.page.path", "context.device.type", "context.os.name",
    "context.locale", "context.location.country", "context.userAgent", "context.library.name", "context.groupId",
)  # fmt: skip
_IGNORED: Final = trapped(
    Trap.IGNORE,
    "uuid_ts", "uuid", "version", "writeKey", "projectId", "context.ip", "context.library.version", "rudderId",
    "loaded_at", "context.sessionId",
)  # fmt: skip
_COMMON: Final = (*_IDS, *_TIMES, *_CONTEXT, *_IGNORED)
# Amounts and numbers of events, by the e-commerce specification and its usual spellings.
_MONEY: Final = used(
    "properties.revenue|revenue", "properties.total|total", "properties.value|value", "properties.price|price",
    "properties.currency|currency", "properties.reason|reason", "properties.is_test|is_test",
    "properties.email|email",
)  # fmt: skip

CALL: Final = ObjectKind(
    "call",
    (
        *used("type", "event", "name", "previousId", "groupId", "traits.email|context.traits.email"),
        *used("properties.name", "traits.is_test|context.traits.is_test"),
        *_COMMON, *_MONEY,
    ),
    needs=("type", ("userId", "anonymousId"), ("timestamp", "originalTimestamp", "sentAt", "receivedAt"), "messageId"),
    streamed=True,
    kept=("traits.", "context.traits.", "properties."),
)  # fmt: skip
ALIAS: Final = ObjectKind(
    "aliases", (*used("previousId"), *_COMMON), needs=("previousId", ("userId", "anonymousId")),
    without=("event",), streamed=True,
)  # fmt: skip
GROUP: Final = ObjectKind(
    "groups", (*used("groupId"), *_COMMON), needs=("groupId", ("userId", "anonymousId")),
    without=("event",),
)  # fmt: skip
# `tracks` has the fields of all events; the table of one event has its properties too.
TRACK: Final = ObjectKind(
    "tracks", (*used("event", "event_text"), *_COMMON, *_MONEY),
    needs=("event", "messageId", ("userId", "anonymousId"), ("timestamp", "originalTimestamp", "receivedAt")),
)  # fmt: skip
PAGE: Final = ObjectKind(
    "pages", (*used("name", "path", "url", "title", "referrer", "search", "category"), *_COMMON),
    needs=("messageId", "url", ("path", "referrer"), ("userId", "anonymousId"), ("timestamp", "receivedAt")),
    streamed=True,
)  # fmt: skip
IDENTIFY: Final = ObjectKind(
    "identifies", (*used("email", "is_test", "name"), *_COMMON),
    needs=("messageId", ("userId", "anonymousId"), ("timestamp", "originalTimestamp", "receivedAt")),
)  # fmt: skip
# One row a user with today's traits; its id is the user's.
USER: Final = ObjectKind(
    "users", (*used("id", "email", "is_test"), *times("receivedAt"), *_CONTEXT, *_IGNORED),
    needs=("id", "receivedAt", ("email", "uuid_ts", "context.library.name")),
    without=("userId", "anonymousId", "event", "timestamp"),
)  # fmt: skip
SUPPRESSION: Final = ObjectKind(
    "regulations",
    used(
        "regulationType", "subjectIds|subjectValues|users|userId", "status|overallStatus", "subjectType",
    ),
    needs=("regulationType", "subjectIds"),
)  # fmt: skip
# The most specific first.
ALL_KINDS: Final = (SUPPRESSION, CALL, ALIAS, TRACK, GROUP, PAGE, IDENTIFY, USER)
