"""What an equation is made of: sums over classes, softmax, derivatives that are not yet carried out, and hypotheses."""
