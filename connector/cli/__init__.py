"""The command line: thin commands over wiring and the engine."""


def main() -> None:
    """Entry point of the `leadgate` command."""
    from connector.cli.app import run

    run()
