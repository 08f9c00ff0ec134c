"""Clips of one person in, embeddings out."""
