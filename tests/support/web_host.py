"""What a host that is a web application needs around it."""

from dataclasses import replace


def register_redirect_uri(sandbox, redirect_uri):
    """Change the client's redirect address in the sandbox's developer portal."""
    board = sandbox.switchboard
    board.client = replace(board.client, redirect_uri=redirect_uri)
