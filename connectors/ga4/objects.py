"""Events of Google Analytics 4 as BigQuery exports them: nested rows as JSON or Parquet, or flattened columns."""

from typing import Final

from connectors.reading.declare import ObjectKind, Trap, trapped, used


def _parameter(name: str) -> str:
    """A parameter of an event, and the columns that flattened tables make of it."""
    return f"event_params.{name}|param_{name}|{name}"


EVENT: Final = ObjectKind(
    "events",
    (
        *used(
            "event_timestamp|event_timestamp_micros", "event_name", "user_id", "user_pseudo_id|client_id|fullVisitorId",
            "event_params", "user_properties", "event_bundle_sequence_id", "event_server_timestamp_offset",
            "event_value_in_usd", "batch_page_id", "batch_ordering_id", "batch_event_index", "stream_id", "platform",
            "device.category|device_category", "device.operating_system", "device.language",
            "geo.country", "geo.region", "ecommerce.purchase_revenue|purchase_revenue",
            "ecommerce.purchase_revenue_in_usd|purchase_revenue_in_usd", "ecommerce.transaction_id",
            "collected_traffic_source.manual_source|manual_source",
            "collected_traffic_source.manual_medium|manual_medium",
            "collected_traffic_source.manual_campaign_name|manual_campaign_name",
        ),
        *used(*map(_parameter, (
            "ga_session_id", "ga_session_number", "page_location", "page_referrer", "value", "currency", "debug_mode",
            "traffic_type", "lead_source", "disqualified_lead_reason", "unconvert_lead_reason", "transaction_id",
            "engagement_time_msec", "session_engaged", "email",
        ))),
        *used("event_params.key"),
        *trapped(
            Trap.TODAY,
            "traffic_source.name", "traffic_source.medium", "traffic_source.source", "user_ltv.revenue",
            "user_ltv.currency", "is_active_user",
        ),
        *trapped(
            Trap.IGNORE,
            "event_date", "event_previous_timestamp", "user_first_touch_timestamp", "privacy_info.analytics_storage",
            "privacy_info.ads_storage", "privacy_info.uses_transient_token", "geo.city", "geo.metro", "geo.continent",
            "geo.sub_continent", "event_dimensions.hostname", "publisher",
        ),
    ),
    needs=("event_timestamp", "event_name", ("user_pseudo_id", "user_id")),
    without=("event_params.key",),
    streamed=True,
    kept=("event_params.", "user_properties."),
)  # fmt: skip
# Users as of the day of the export: predictions, audiences and lifetime value know what came later.
USERS: Final = ObjectKind(
    "users",
    used("pseudo_user_id", "user_id", "occurrence_date", "last_updated_date"),
    needs=(("pseudo_user_id", "user_id"), ("occurrence_date", "last_updated_date")),
    without=("event_name",),
    unused="values_of_today",
)
ALL_KINDS: Final = (EVENT, USERS)
