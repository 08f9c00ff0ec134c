"""How right detectors, trackers, encoders and the whole are."""
