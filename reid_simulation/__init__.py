"""A site with known truth: people who walk through cameras, rendered to video and tracklets."""
