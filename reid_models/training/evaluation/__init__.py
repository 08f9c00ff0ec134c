"""How well a network finds people again: vectors of tracklets, protocols, scores."""
