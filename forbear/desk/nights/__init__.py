"""The nights whose results were loaded: what each told of the whole book, by its as-of date."""
