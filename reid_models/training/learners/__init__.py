"""A network with all that its paper's training puts on top of it: heads, losses, and who learns when."""
