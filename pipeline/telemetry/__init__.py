"""What is counted and watched while a site runs."""
