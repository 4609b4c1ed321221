"""Forecasts replayed at past dates, and what they tell: the level, the shocks, the track record."""
