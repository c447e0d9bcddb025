"""Studies of bargaining: prices that move during a task, and agents that lie."""
