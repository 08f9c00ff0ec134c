"""What an operator sees: who is where, and why two sightings were matched."""
