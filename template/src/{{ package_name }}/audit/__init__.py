"""The audit trail: actor, event, account and time."""
