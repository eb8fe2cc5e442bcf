"""What borrowers write back: kept, read for what it asks, acted on at once where it protects them."""
