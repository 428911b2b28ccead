"""Accounts, without their records: settings, schemas, errors, tokens and what is counted."""
