"""What tests use and people who build on Forbear may use too: real servers for an hour, far ends of wires."""
