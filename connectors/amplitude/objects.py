"""Events of Amplitude: the Export API's JSON, CSV of the interface, and the tables that warehouses hold."""

from typing import Final

from connectors.reading.declare import ObjectKind, Trap, times, trapped, used

EVENT: Final = ObjectKind(
    "events",
    (
        *used(
            "event_type|Event|Event Type", "amplitude_id|Amplitude ID", "user_id|User ID", "device_id|Device ID",
            "$insert_id", "uuid", "event_properties", "user_properties", "groups",
            "event_properties.$revenue|event_properties.revenue", "event_properties.total", "event_properties.value",
            "event_properties.price", "event_properties.currency", "event_properties.reason", "event_properties.email",
            "event_properties.[Amplitude] Page Path", "event_properties.[Amplitude] Page URL",
            "event_properties.is_test", "user_properties.is_test", "user_properties.email",
            "user_properties.initial_utm_source", "user_properties.utm_source",
            "user_properties.initial_referring_domain", "country|Country", "platform|Platform", "os_name|OS",
            "device_type|Device Type", "device_family|Device Family", "language|Language", "region|Region",
        ),
        *times(
            "event_time|Event Time|Time", "client_event_time", "client_upload_time", "server_upload_time",
            "server_received_time", "processed_time",
        ),
        *trapped(
            Trap.OUTCOME, "paying",
        ),
        *trapped(
            Trap.IGNORE,
            "$schema", "adid", "idfa", "ip_address", "location_lat", "location_lng", "event_id", "session_id", "app",
            "data", "data_type", "dma", "city", "library", "partner_id", "sample_rate", "amplitude_event_type",
            "amplitude_attribution_ids", "is_attribution_event", "start_version", "version_name", "device_brand",
            "device_carrier", "device_manufacturer", "device_model", "os_version", "user_creation_time",
            "source_id", "plan", "global_user_properties",
        ),
    ),
    needs=("event_type", ("amplitude_id", "user_id", "device_id"), ("event_time", "client_event_time")),
    streamed=True,
    kept=("event_properties.", "user_properties.", "groups.", "gp:"),
)  # fmt: skip
MERGE: Final = ObjectKind(
    "merge_ids",
    (*used("amplitude_id", "merged_amplitude_id"), *times("merge_event_time", "merge_server_time")),
    needs=("amplitude_id", "merged_amplitude_id"),
)
DELETION: Final = ObjectKind(
    "deletions",
    used("amplitude_id", "requested_on_day", "requester", "parent.Id"),
    needs=("amplitude_id", "requested_on_day"),
)
# The list that holds the deletions of each day.
DELETION_DAY: Final = ObjectKind(
    "deletion jobs", used("day", "status", "app", "active_scrub_done_date"), needs=("day", "status"),
    without=("event_type",), unused="job_of_deletions",
)  # fmt: skip
# The most specific first.
ALL_KINDS: Final = (MERGE, DELETION, EVENT, DELETION_DAY)
