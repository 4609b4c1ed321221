"""`python -m cli` is `leadcast`."""

from cli.main import main

main()
