"""Everything that needs labels: from tracklets of known people to the weights of a network."""
