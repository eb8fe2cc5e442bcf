"""Placements at the desk: agencies, what each was given and did with it, contacts back, commission, recall."""
