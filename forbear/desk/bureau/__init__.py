"""Bureau records at the desk: the monthly run, what bureaus hold, differences, disputes by their clocks, corrections."""
