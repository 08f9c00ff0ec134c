"""What papers report, and what came of their recipes here."""
