"""The demonstration, and how both it and the desk prepare a database beside the sandbox."""
