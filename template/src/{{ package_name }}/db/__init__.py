"""The database: engine, sessions, base classes, migrations."""
