"""How long each stage takes, beside peers and bare limits."""
