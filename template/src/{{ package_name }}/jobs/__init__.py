"""Background jobs: work that is stored with the data it belongs to, and done by workers."""
