"""All that is Redis: keys, scripts, streams, lease, outbox, erasure."""
