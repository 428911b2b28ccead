"""Users: who has an account, and with which role."""
