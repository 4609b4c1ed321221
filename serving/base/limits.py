"""Limits of the HTTP interface (docs/reference/api.md), shared by requests, the store and OpenAPI."""

from history.config.schema import LONGEST_ID

MAX_LEAD_BYTES = 1 << 20
MAX_BODY_BYTES = 16 << 20
MAX_LEADS = 1_000  # per request
MAX_EVENTS = 1_000  # per request
MAX_INTERACTIONS = 10_000  # per lead, and of each other kind of row
MAX_ATTRIBUTES = 10_000  # per event
MAX_TEXT = LONGEST_ID  # characters of ids, names and filters
MAX_KEY = (
    500  # characters of an indexed text: four bytes each at most, PostgreSQL indexes up to about 2,700 bytes
)
AHEAD_US = 300_000_000  # clock skew allowed: row times may lie this far in the future
