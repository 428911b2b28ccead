"""The service: app.py is the place where its parts meet."""
