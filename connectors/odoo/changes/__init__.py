"""Changes of leads, from tracked values or from versions of the records."""
