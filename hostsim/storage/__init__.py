"""All SQL stands here, and what is kept outside the database."""
