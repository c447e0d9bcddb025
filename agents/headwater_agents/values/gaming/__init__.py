"""Gaming value agreements: what lies about values bring, with the defence and without; who can move the threshold."""
