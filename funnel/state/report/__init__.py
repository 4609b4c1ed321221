"""The state as people read it: plots, a flat table, headline figures, and figures that need a model."""
