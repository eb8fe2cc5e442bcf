"""What every room may use: money, errors, and how commands speak. Knows nothing of loans."""
