"""Plans of relief at the desk: asked, offered, agreed, granted by two people, booked, watched, kept or broken."""
