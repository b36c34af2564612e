"""Where things stand and how they look: maps, addresses, writing, styles, charts, found tabs."""
