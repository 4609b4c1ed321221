"""Every page of the service, that of a lead with a hostile name among them, and the charts of each."""

from urllib.parse import quote

HOSTILE = "<img src=x onerror=\"document.title='taken'\">/../‮';--"
LEAD_PAGE = f"/leads/{quote(HOSTILE, safe='')}"
PATHS = ("/", "/funnel", "/forecast", "/model", "/docs", LEAD_PAGE)
CHARTS = {"/funnel": 6, "/forecast": 6, "/forecast?explain=true&period=quarter": 6}
