"""A site to look at: its workers by hand, a real matcher, a real Redis, and the view."""
