"""A body and a room that are soon rendered."""
