"""Items: an example slice. Copy it for your own, then delete it."""
