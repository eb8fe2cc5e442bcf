"""Providers that take a borrower's payment: one interface, adapters by the providers' own libraries, a sandbox."""
