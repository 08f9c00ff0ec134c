"""How far one matcher, one Redis and one topic go, and one GPU."""
