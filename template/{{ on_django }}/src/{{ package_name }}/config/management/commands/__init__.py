"""Commands of the app, by their names."""
