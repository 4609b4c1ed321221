"""The routes of the store, for every application that is built."""

from serving import stored_leads, stored_outlook

ROUTERS = (stored_leads.router, stored_outlook.router)
SCHEMAS = {**stored_leads.SCHEMAS, **stored_outlook.SCHEMAS}
