"""Frames of one camera become tracklets, tracklets become embeddings."""
