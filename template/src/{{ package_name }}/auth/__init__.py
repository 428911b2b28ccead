"""Accounts: registering, logging in, and all that has to do with passwords and tokens."""
