"""The database, by SQLAlchemy."""
