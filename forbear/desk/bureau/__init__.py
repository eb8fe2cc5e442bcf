"""Bureau records at the desk: the monthly run, what is held, differences, disputes by their clocks, corrections."""
