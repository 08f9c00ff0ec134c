"""The packed geometry of people: `humans.npz`, what reads it, and the script that makes it from CC0 sources."""
