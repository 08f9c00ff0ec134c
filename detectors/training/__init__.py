"""From frames with known people to the weights of a detector."""
