"""Letters at the desk: written from the ledger, approved where two must, archived for ever, sent through the gate."""
