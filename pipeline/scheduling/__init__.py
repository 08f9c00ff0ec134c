"""Who computes when, on a machine with few cores."""
