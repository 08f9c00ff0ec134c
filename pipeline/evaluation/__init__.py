"""Events beside the truth: scores and causes of errors."""
