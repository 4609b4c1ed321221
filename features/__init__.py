"""History in, numbers out; knows nothing of models."""
