"""Ways to reach somebody: one file a kind of provider, all behind `base.Provider`; which there are is `kinds.toml`.

A provider of a channel is a table in the lender's own file (`FORBEAR_PROVIDERS`, read by `registry`): its kind, where
it is, its secret, how much it may be given. A new kind is one module with one class, and one line in kinds.toml.
"""
