"""What nets and losses are made of."""
