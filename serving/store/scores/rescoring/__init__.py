"""Keeps scores fresh: changed leads within a second, all open leads on request."""
