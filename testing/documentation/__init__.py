"""The generated pages of docs/, and what the written ones must keep to: commands, paths and links that exist."""
