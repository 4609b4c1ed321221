"""What an activity of Account Engagement is: its number names the action, its asset what was acted on."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.persons.rows import each_word, kind_of, slug
from connectors.persons.streams import page_kinds
from connectors.reading.export import column
from connectors.reading.ids import whole_ids
from history.base.arrays import Mask

# Source: Salesforce, Account Engagement API, types of visitor activities; the same numbers in every account.
TYPES: Final[Mapping[str, str]] = {
    "1": "click", "2": "view", "3": "error", "4": "success", "5": "session", "6": "email_sent", "7": "site_search",
    "8": "new_opportunity", "9": "opportunity_won", "10": "opportunity_lost", "11": "email_open",
    "12": "unsubscribe_page", "13": "email_bounced", "14": "spam_complaint", "15": "email_preference_page",
    "16": "resubscribed", "17": "third_party_click", "18": "opportunity_reopened", "19": "opportunity_linked",
    "20": "visit", "21": "custom_url_click", "22": "chat", "23": "webinar_invited", "24": "webinar_attended",
    "25": "webinar_registered", "26": "social_post_click", "27": "video_view", "28": "event_registered",
    "29": "event_checked_in", "30": "video_conversion", "31": "uservoice_suggestion", "32": "uservoice_comment",
    "33": "uservoice_ticket", "34": "video_watched", "35": "indirect_unsubscribe_open", "36": "email_indirect_bounce",
    "37": "indirect_resubscribed", "38": "opportunity_unlinked",
}  # fmt: skip
# The names of the types in documents and reports, where they differ from the kinds above.
NAMES: Final[Mapping[str, str]] = {kind: kind for kind in TYPES.values()} | {
    "sent": "email_sent", "open": "email_open", "opened": "email_open", "bounced": "email_bounced",
    "search": "site_search", "click_third_party": "third_party_click", "olark_chat": "chat",
    "invited_to_webinar": "webinar_invited", "attended_webinar": "webinar_attended",
    "registered_for_webinar": "webinar_registered", "indirect_bounce": "email_indirect_bounce",
    "video_watched_75_watched": "video_watched", "submission": "success", "submitted": "success",
}  # fmt: skip
ASSETS: Final[Mapping[str, str]] = {
    "email": "email", "email_tracker": "email", "list_email": "email", "form": "form",
    "form_handler": "form_handler", "landing_page": "landing_page", "file": "file",
    "custom_redirect": "custom_redirect", "page_view": "page", "priority_page_view": "page",
    "visitor_page_view": "page", "site_search": "site", "paid_search_ad": "paid_search", "webinar": "webinar",
    "event": "event", "video": "video", "social_message": "social_post", "visit": "visit", "opportunity": "opportunity",
}  # fmt: skip
# The asset of an activity without the name of one, by the id that it has.
ASSET_IDS: Final = (
    ("form", "form_id"), ("form_handler", "form_handler_id"), ("landing_page", "landing_page_id"),
    ("file", "file_id"), ("custom_redirect", "custom_redirect_id"), ("page", "visitor_page_view_id"),
    ("paid_search", "paid_search_ad_id"), ("email", "list_email_id"), ("email", "email_id"),
    ("email", "email_template_id"), ("opportunity", "opportunity_id"),
)  # fmt: skip
# Actions on any asset, and their names in a kind.
OF_ASSETS: Final[Mapping[str, str]] = {
    "click": "click", "view": "view", "error": "error", "success": "submission", "third_party_click": "click",
}  # fmt: skip
WON, LOST = ("opportunity_won",), ("opportunity_lost",)
REOPENED: Final = ("opportunity_reopened", "new_opportunity")
LINKED: Final = (*WON, *LOST, *REOPENED, "opportunity_linked")
OF_OPPORTUNITIES: Final = (*LINKED, "opportunity_unlinked")
# By what a visitor says who it is: what is linked to a visitor before was a stranger's.
IDENTIFYING: Final = ("form_submission", "form_handler_submission", "landing_page_submission", "email_click")
OUTBOUND: Final = r"^(email_sent|email_bounced|email_indirect_bounce|webinar_invited)$"
EMAIL: Final = r"^(email_|unsubscribe|spam|resubscribed|indirect_)"
WEB: Final = r"^(page_|form_|landing_page_|file_|custom_|visit$|site_|paid_search|chat$|video_|view$)"


def activity_kinds(table: pa.Table) -> pa.Array:
    """The kind of each activity (m,): `email_click`, `form_submission`, `page_view_pricing`, `webinar_attended`.

    Null for one whose action nobody can tell: the name of an asset alone.
    """
    actions = pc.coalesce(
        each_word(whole_ids(column(table, "type")), _by_type),
        each_word(column(table, "type_name"), lambda name: NAMES.get(slug(name))),
    )
    assets = _assets(table)
    names = each_word(actions, lambda action: OF_ASSETS.get(action, action))
    whole = pc.binary_join_element_wise(assets, names, "_")
    kinds = pc.if_else(are(actions, *OF_ASSETS), pc.coalesce(whole, names), names)
    is_page = pc.equal(kinds, "page_view")
    pages = pc.if_else(is_page, column(table, "details"), pa.scalar(None, pa.string()))
    return pc.if_else(is_page, page_kinds("page_view", pages), kinds)


def _by_type(text: str) -> str | None:
    """The action of a number, of a name, or a new kind of either; None for signs."""
    if text.isdecimal():
        return TYPES.get(text, f"activity_{text}")
    return NAMES.get(slug(text), kind_of(text))


def _assets(table: pa.Table) -> pa.Array:
    """What each activity (m,) is about: by the name of its type, else by the id that it has."""
    assets = each_word(column(table, "type_name"), lambda name: ASSETS.get(slug(name)))
    for asset, id_ in ASSET_IDS:
        by_id = pc.if_else(pc.is_valid(column(table, id_)), asset, pa.scalar(None, pa.string()))
        assets = pc.coalesce(assets, by_id)
    return assets


def are(kinds: pa.Array, *names: str) -> pa.Array:
    """Which kinds (m,) are one of these names."""
    return pc.fill_null(pc.is_in(kinds, value_set=pa.array(names, pa.string())), False)


def mask(kinds: pa.Array, *names: str) -> Mask:
    """`are` as an array of numpy."""
    return np.asarray(are(kinds, *names).to_numpy(zero_copy_only=False))


def directions(kinds: pa.Array) -> pa.Array:
    """outbound for what was sent, inbound for what a person did."""
    return pc.if_else(pc.match_substring_regex(kinds, OUTBOUND), "outbound", "inbound")


def channels(kinds: pa.Array) -> pa.Array:
    """email, web, or null for others."""
    nothing = pa.scalar(None, pa.string())
    is_web = pc.match_substring_regex(kinds, WEB)
    return pc.if_else(pc.match_substring_regex(kinds, EMAIL), "email", pc.if_else(is_web, "web", nothing))
