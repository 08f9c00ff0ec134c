"""How fast a matcher decides, and searches, as a site grows."""
