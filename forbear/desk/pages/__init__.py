"""What people see: the frame of every page, sign-in, the home of each role."""
