"""Which tracklets make a batch, and which of their frames make a clip: in training, and in a test."""
