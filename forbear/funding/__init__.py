"""What the funders of the loans ask: how arrears move from month to month, how vintages ripen, what comes back."""
