"""Stages of leads and the moves between them, from whatever an export has of them."""
