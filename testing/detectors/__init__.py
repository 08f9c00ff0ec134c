"""Networks that see given people, and what a detection is held against."""
