"""One file a command group; heavy imports inside the commands."""
