"""Studies of value agreements: data sets, single consensus beside agreements, pictures and a page."""
