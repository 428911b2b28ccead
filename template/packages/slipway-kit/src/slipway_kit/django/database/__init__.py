"""Django's connections to the database: opened, watched and migrated."""
