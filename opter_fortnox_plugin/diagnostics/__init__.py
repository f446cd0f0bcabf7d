"""What stands between a person and an import; nothing else imports it."""
