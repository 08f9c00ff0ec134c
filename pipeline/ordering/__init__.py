"""Windows of stream time, in an order that no thread can change."""
