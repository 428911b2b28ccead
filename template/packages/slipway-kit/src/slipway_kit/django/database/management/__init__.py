"""Commands that have to do with the database."""
