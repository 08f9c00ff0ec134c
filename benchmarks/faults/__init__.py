"""What crashes and outages cost."""
