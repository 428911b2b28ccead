"""Emails: their texts, and the job that sends them."""
