"""Scores and history in, the funnel's state and future out. Knows features and models."""
