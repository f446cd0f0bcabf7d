"""The import of payments."""
