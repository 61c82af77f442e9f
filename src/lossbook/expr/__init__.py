"""What an equation is made of: sums, softmax, hypotheses."""
