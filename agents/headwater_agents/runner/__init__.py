"""What carries policies' actions out: durable memory, transactions, exchange of signed signals, and whole seasons."""
