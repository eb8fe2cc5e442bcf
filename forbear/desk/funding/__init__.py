"""Funders at the desk: packs made of a pool and kept, read by the lender and by the funder whose pool it is."""
