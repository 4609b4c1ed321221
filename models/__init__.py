"""Numbers in, scores out: the models that are served, their artifact and the one entry that scores."""
