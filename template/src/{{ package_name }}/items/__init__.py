"""Items: an example feature. Copy it for your own, then delete it."""
