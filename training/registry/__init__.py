"""Versions, the champion and exported bundles of a home; the only cupboard that loads MLflow."""
