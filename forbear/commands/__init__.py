"""One module a command, each a few lines over the rooms; `forbear.cli` joins them."""
