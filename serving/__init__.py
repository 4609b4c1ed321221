"""The scoring service: a lead's history in over HTTP, its score out."""
