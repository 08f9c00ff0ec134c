"""Streams in, identities across cameras out: sources, tracklets, loops, matching, events."""
