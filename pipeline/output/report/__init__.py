"""One HTML file that shows a stranger who was where when, and why."""
