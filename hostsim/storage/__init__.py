"""All SQL, and everything stored outside the database."""
