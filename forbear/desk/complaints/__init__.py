"""Complaints: taken, timed by law, answered; contact waits meanwhile."""
