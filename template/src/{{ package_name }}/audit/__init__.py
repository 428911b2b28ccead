"""The audit trail: who did what to whose account, and when."""
