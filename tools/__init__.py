"""What the template's repository does for itself: locking, releasing, measuring, the demo."""
