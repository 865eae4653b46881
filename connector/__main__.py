"""`python -m connector` is the same as `leadgate`."""

from connector.cli import main

main()
