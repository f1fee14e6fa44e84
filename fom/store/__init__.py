"""Tables and queries: rows to domain values and back, the change sequence and the audit chain."""
