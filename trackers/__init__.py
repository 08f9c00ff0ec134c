"""Detections in, tracks out; one instance per camera."""
