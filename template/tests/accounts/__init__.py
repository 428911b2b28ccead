"""What accounts do, with mails that are looked at and without limits."""
