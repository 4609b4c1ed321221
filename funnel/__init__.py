"""The state and the future of the funnel, from history and scores. Knows features and models."""
