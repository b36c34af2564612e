"""What is trained and how: nets, losses, gradients, optimizers, each idea with both its sides."""
