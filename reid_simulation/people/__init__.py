"""Who comes: an identity as a dressed body that walks."""
