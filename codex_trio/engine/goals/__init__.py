"""What a thread works towards, turn after turn, until it is reached, given up or paid out."""
