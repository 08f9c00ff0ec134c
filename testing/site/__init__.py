"""A whole site as processes, to be watched, killed and frozen."""
