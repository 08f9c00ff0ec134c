"""What the pipeline tells the world, and where it writes it."""
