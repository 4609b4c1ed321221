"""Rows to learn from: which snapshots, their labels, weights and splits, and their feature values."""
