"""A configuration ready to run, in one process or in several."""
