"""Networks small enough for a test, and numbers that published ones gave."""
