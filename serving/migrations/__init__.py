"""Alembic migrations of the store; run by serving.store_engine, never by hand."""
