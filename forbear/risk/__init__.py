"""Risk: who will be late, how late and why, from the book alone; nothing here knows of treatments."""
