"""From a data set to the batch of a step."""
