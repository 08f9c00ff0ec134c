"""Measurements beside a peer or a limit: one script each, printing one table."""
