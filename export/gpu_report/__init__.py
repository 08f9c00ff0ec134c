"""What a machine with a GPU makes of the networks, in one report."""
