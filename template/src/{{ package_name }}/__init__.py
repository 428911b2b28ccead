"""The service: app.py creates the application."""
